import Referral

extension Peek {
    /// A police notice or a FHIR resource by what they carry; of any other document the root's name is all that is known.
    static func xml(_ document: XMLNode) throws(DocumentError) -> Peek {
        let root = GovTalkMessage.opened(document) ?? document
        let header = root.child(named: "header")
        if root.name.lowercased() == "ppn" || header?.child(named: "ppn_ref") != nil {
            return try ppn(
                .xml, reference: header?.child(named: "ppn_ref")?.text, force: header?.child(named: "force_code")?.text)
        }
        guard root.namespace == FHIRResource.namespace else {
            let id = GovTalkMessage.transactionID(of: root).flatMap { $0.isEmpty ? nil : $0 }
            return Peek(
                format: .xml,
                messageID: try id.map { id throws(DocumentError) in try checked(id, at: "TransactionID") },
                type: root.name, threadID: id)
        }
        return try fhir(try FHIRXML.value(of: root), type: root.name)
    }
}

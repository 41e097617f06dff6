import Referral

extension Peek {
    /// A police notice or a FHIR Bundle by what they carry; of any other document the root's name is all that is known.
    static func xml(_ root: XMLNode) throws(DocumentError) -> Peek {
        let header = root.child(named: "header")
        if root.name.lowercased() == "ppn" || header?.child(named: "ppn_ref") != nil {
            return try ppn(
                .xml, reference: header?.child(named: "ppn_ref")?.text, force: header?.child(named: "force_code")?.text)
        }
        guard root.namespace == "http://hl7.org/fhir" else { return Peek(format: .xml, type: root.name) }
        let id = try root.child(named: "id")?.attribute("value").map { id throws(DocumentError) in
            try checked(id, at: "\(root.name).id")
        }
        let updated = root.child(named: "meta")?.child(named: "lastUpdated")?.attribute("value")
        return Peek(
            format: .xml, messageID: id, repeatID: id.map { id in updated.map { "\(id) \($0)" } ?? id },
            type: root.name,
            threadID: id)
    }
}

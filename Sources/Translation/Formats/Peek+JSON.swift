import Referral

extension Peek {
    /// Tells FHIR, the police notice, the events and forms of other partners and the envelope apart by what only they have.
    static func json(_ value: Value, announced: DocumentFormat) throws(DocumentError) -> Peek {
        guard let document = value.objectValue else {
            throw DocumentError(.schema, at: "", "the document is not an object")
        }
        if let type = document["resourceType"]?.stringValue { return try fhir(value, type: type) }
        if announced == .fhir { throw DocumentError(.missing, at: "resourceType", "a FHIR resource names its type") }
        let notice = document["ppn"] ?? value
        if let header = notice["header"], header["ppn_ref"] != nil || document["ppn"] != nil {
            return try ppn(.json, reference: header["ppn_ref"]?.textValue, force: header["force_code"]?.textValue)
        }
        if document["version"]?.stringValue == JSONDocument.homeFireSafetyVisit || document["eventType"] != nil {
            let id = document["ref"] ?? document["notification"]?["MessageId"]
            return Peek(
                format: .json,
                messageID: try id?.textValue.map { id throws(DocumentError) in try checked(id, at: "ref") },
                type: JSONDocument.type(of: value))
        }
        guard Self.isEnvelope(document) else { return Peek(format: .json, type: document["type"]?.stringValue) }
        return try envelope(document)
    }

    /// A police notice, in XML or JSON (partner interfaces, section 5).
    static func ppn(
        _ format: DocumentFormat, reference: String?, force: String?
    ) throws(DocumentError) -> Peek {
        let reference = try checked(reference?.trimmed, at: "header.ppn_ref")
        return Peek(format: format, messageID: reference, sender: force?.trimmed, type: "PPN", threadID: reference)
    }

    /// Anything with a `message_id`, and what has enough of the envelope's other fields to have forgotten it.
    private static func isEnvelope(_ document: Object) -> Bool {
        let typical = ["sender", "sent_at", "type", "person", "reason"]
        return document["message_id"] != nil || typical.count { document[$0] != nil } >= 3
    }

    private static func envelope(_ document: Object) throws(DocumentError) -> Peek {
        let id = document["message_id"] ?? .null
        if id.isEmpty { throw DocumentError(.missing, at: "message_id", "the message's id is missing") }
        guard let id = id.stringValue, isEnvelopeID(id) else {
            throw DocumentError(.schema, at: "message_id", "an id is 1 to 64 letters, digits and . _ : -")
        }
        let identifiers = document["person"]?["identifiers"]?.arrayValue ?? []
        let number = identifiers.first { $0["type"]?.stringValue == "nhs_number" }?["value"]?.textValue
        return Peek(
            format: .json, messageID: id, sender: document["sender"]?.stringValue, type: document["type"]?.stringValue,
            threadID: document["in_reply_to"]?.stringValue ?? id, nhsNumber: nhsNumber(number))
    }

    private static func isEnvelopeID(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "._:-".utf8.contains(byte)
                }
            }
    }
}

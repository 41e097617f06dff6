package import Referral

/// The answer to an HL7 v2 message: MSH, MSA and, for what was wrong, ERR (HL7 v2.4 sections 2.13 and 2.16).
package struct HL7Acknowledgement: Sendable {
    /// MSA-1, HL7 table 0008.
    package enum Code: String, Sendable, CaseIterable {
        /// Accepted: the message is stored and will be dealt with.
        case accept = "AA"
        /// Its content is wrong; sending it again unchanged is of no use.
        case error = "AE"
        /// Refused for a reason other than its content; it may be sent again.
        case reject = "AR"
        /// Enhanced mode: stored, an application answer follows.
        case commitAccept = "CA"
        case commitError = "CE"
        case commitReject = "CR"
    }

    package var code: Code
    /// The answer's own MSH-10.
    package var messageID: String
    /// MSH-7, `yyyyMMddHHmmss+ZZZZ`.
    package var time: String
    /// MSA-3, in words for a person, without personal data: as a rule the receipt. What was wrong comes before it.
    package var text: String
    /// What was wrong. Texts hold no personal data, so they may stand in MSA-3 and ERR.
    package var findings: [Finding]

    package init(_ code: Code, messageID: String, time: String, text: String = "", findings: [Finding] = []) {
        self.code = code
        self.messageID = messageID
        self.time = time
        self.text = text
        self.findings = findings
    }

    /// The bytes of the answer, in the character set of the message.
    ///
    /// - Parameter message: What is answered, or its header alone. Nil when it could not be read; MSA-2 is then empty and
    ///   the parties unknown.
    package func bytes(answering message: HL7Message?) -> [UInt8] {
        var writer = HL7Writer(answering: message)
        writeHeader(to: &writer, answering: message, type: ("ACK", message?.first("MSH-9.2"), "ACK"))
        writeMSA(to: &writer, answering: message)
        if !findings.isEmpty { writer.append("ERR") }
        for (index, finding) in findings.prefix(20).enumerated() {
            let place = HL7Path(finding.path)
            let values = [
                place?.segment ?? "", place?.occurrence.map(String.init) ?? "", place?.field.map(String.init) ?? "",
            ]
            for (component, value) in values.enumerated() {
                writer.set(HL7Path(stringLiteral: "ERR-1(\(index + 1)).\(component + 1)"), to: value)
            }
            let (number, meaning) = finding.code.hl7
            for (part, value) in [number, meaning, "HL70357", finding.code.rawValue, finding.text, "L"].enumerated() {
                writer.set(HL7Path(stringLiteral: "ERR-1(\(index + 1)).4.\(part + 1)"), to: value)
            }
        }
        return writer.bytes
    }

    /// MSH, from us to whoever sent the message.
    ///
    /// - Parameter type: MSH-9; a message whose event is unknown is answered by its first component alone.
    func writeHeader(
        to writer: inout HL7Writer, answering message: HL7Message?,
        type: (message: String, event: String?, structure: String)
    ) {
        if let header = message?.segments.first {
            for (to, from) in [("MSH-3", 5), ("MSH-4", 6), ("MSH-5", 3), ("MSH-6", 4), ("MSH-11", 11), ("MSH-12", 12)] {
                writer.set(HL7Path(stringLiteral: to), to: header.field(from))
            }
        }
        writer.set("MSH-7", to: time)
        writer.set("MSH-9.1", to: type.message)
        if let event = type.event {
            writer.set("MSH-9.2", to: event)
            writer.set("MSH-9.3", to: type.structure)
        }
        writer.set("MSH-10", to: messageID)
        if message?.first("MSH-11") == nil { writer.set("MSH-11", to: "P") }
        if message?.first("MSH-12") == nil { writer.set("MSH-12", to: "2.4") }
    }

    func writeMSA(to writer: inout HL7Writer, answering message: HL7Message?) {
        let words = [findings.first?.text ?? "", text].filter { !$0.isEmpty }.joined(separator: "; ")
        writer.append("MSA", code.rawValue, message?.first("MSH-10") ?? "", words)
    }
}

extension FindingCode {
    /// The nearest of HL7 table 0357, message error condition codes.
    fileprivate var hl7: (String, String) {
        switch self {
        case .notParseable, .incompleteSet: ("100", "Segment sequence error")
        case .missing: ("101", "Required field missing")
        case .schema, .encoding, .invalidDate: ("102", "Data type error")
        case .unknownCode: ("103", "Table value not found")
        case .notForUs, .mediaType: ("200", "Unsupported message type")
        case .invalidIdentifier: ("204", "Unknown key identifier")
        case .conflict: ("205", "Duplicate key identifier")
        case .tooLarge, .checksum, .virus, .senderMismatch, .stale, .internal: ("207", "Application internal error")
        }
    }
}

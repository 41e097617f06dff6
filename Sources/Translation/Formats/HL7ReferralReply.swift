import Referral

/// The application's answer to a referral: RRI^I12 and its siblings (HL7 v2.4 section 11.3, structure RRI_I12).
///
/// It binds to the referral by MSA-2 and RF1-6. The structure wants a patient and two providers: the patient is named by
/// the receipt alone, under the type of an anonymous identifier and a pseudo-name, and the providers by their
/// organisations' codes, so that the reply tells nothing about anybody.
package struct HL7ReferralReply: Sendable {
    /// The answer that it carries: its code, MSH-10, MSH-7, text and findings.
    package var answer: HL7Acknowledgement
    /// The hub's receipt, which stands for the patient.
    package var receipt: String
    /// The organisation that replies: its ODS code, else its id.
    package var organisation: String

    package init(_ answer: HL7Acknowledgement, receipt: String, organisation: String) {
        self.answer = answer
        self.receipt = receipt
        self.organisation = organisation
    }

    /// Whether a message is one that such a reply answers.
    package static func answers(_ message: HL7Message) -> Bool { message.first("MSH-9.1") == "REF" }

    /// The bytes of the reply.
    package func bytes(answering message: HL7Message) -> [UInt8] {
        var writer = HL7Writer(answering: message)
        let event = message.first("MSH-9.2") ?? "I12"
        answer.writeHeader(to: &writer, answering: message, type: ("RRI", event, "RRI_I12"))
        answer.writeMSA(to: &writer, answering: message)
        writer.append("RF1")
        // Taken in: whether the team takes the person on is decided by people, later.
        let isRefused = answer.code == .error || answer.code == .reject
        for (component, text) in [isRefused ? "R" : "P", isRefused ? "Rejected" : "Pending", "HL70283"].enumerated() {
            writer.set(HL7Path(stringLiteral: "RF1-1.\(component + 1)"), to: text)
        }
        if let original = message.segments(named: "RF1").first?.field(6), !original.isEmpty {
            writer.set("RF1-6", to: original)
        } else {
            writer.set("RF1-6", to: message.first("MSH-10") ?? "")
        }
        provider("RP", "Referring Provider", message.first("MSH-4") ?? "", in: &writer)
        provider("RT", "Referred to Provider", organisation, in: &writer)
        writer.append("PID", "1")
        writer.set("PID-3", to: receipt)
        writer.set("PID-3.4", to: organisation)
        writer.set("PID-3.5", to: "ANON")
        // Table 0200: a coded pseudo-name, to ensure anonymity.
        writer.set("PID-5.7", to: "S")
        for (index, finding) in answer.findings.prefix(20).enumerated() {
            let place = finding.path.isEmpty ? "" : " at \(finding.path)"
            writer.append("NTE", String(index + 1), "", "\(finding.code.rawValue)\(place): \(finding.text)")
        }
        return writer.bytes
    }

    private func provider(_ role: String, _ name: String, _ code: String, in writer: inout HL7Writer) {
        writer.append("PRD", role)
        writer.set("PRD-1.2", to: name)
        writer.set("PRD-1.3", to: "HL70286")
        writer.set("PRD-7", to: code)
    }
}

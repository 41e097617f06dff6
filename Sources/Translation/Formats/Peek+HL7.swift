import Referral

extension Peek {
    /// The first message of the bytes. The others of a batch are parted behind the queue.
    static func hl7(_ bytes: [UInt8], limits: Limits) throws(DocumentError) -> Peek {
        try limits.admit(bytes)
        let message = try HL7Message.parse(HL7Message.split(bytes)[0], limits: limits)
        let id = try checked(message.first("MSH-10")?.trimmed, at: "MSH-10")
        guard let type = message.first("MSH-9.1") else {
            throw DocumentError(.missing, at: "MSH-9", "the message's type is missing")
        }
        return Peek(
            format: .hl7v2, messageID: id, sender: message.first("MSH-4.1")?.trimmed,
            type: message.first("MSH-9.2").map { "\(type)^\($0)" } ?? type, threadID: thread(of: message),
            nhsNumber: nhsNumber(in: message))
    }

    /// RF1-6, of which some feeds fill only the third component.
    private static func thread(of message: HL7Message) -> String? {
        message.segments(named: "RF1").first?.field(6).components.lazy.map(\.text.trimmed).first { !$0.isEmpty }
    }

    /// The repetition of PID-3 that says it is an NHS number, by type `NH` or by authority `NHS`.
    private static func nhsNumber(in message: HL7Message) -> String? {
        message.pieces("PID-3").lazy
            .filter { $0.component(5).text == "NH" || $0.component(4).text == "NHS" }
            .compactMap { nhsNumber($0.component(1).text) }
            .first
    }
}

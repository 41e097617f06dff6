package import Referral

/// What a GovTalk gateway says (envelope 2.0, partner interfaces, section 11): whose, which step, and what went wrong. What is
/// in its body is not read.
package struct GovTalkAnswer: Sendable, Hashable {
    /// What sort of message it is.
    package enum Qualifier: String, Sendable, Hashable {
        case acknowledgement, response, error
    }

    /// Something that went wrong, without the words that the gateway has for it.
    package struct Fault: Sendable, Hashable {
        /// What can be done about it.
        package enum Nature: String, Sendable, Hashable {
            /// The gateway, or the department's system, will never take the message.
            case fatal
            /// It may be taken later.
            case recoverable
            /// The department will not act on what the message says.
            case business
        }

        package var nature: Nature
        /// Up to ten digits; nil where the gateway gave none.
        package var number: String?

        /// Stable, such as `govtalk_fatal_1001`.
        package var code: String { "govtalk_\(nature.rawValue)" + (number.map { "_\($0)" } ?? "") }
    }

    package var messageClass: String
    package var qualifier: Qualifier
    package var function: String
    package var transactionID: String?
    /// Hexadecimal digits; nil where the gateway gave none.
    package var correlationID: String?
    /// Where the conversation goes on.
    package var endpoint: String?
    /// How many seconds the gateway wants to be left alone between two polls.
    package var pollInterval: Int?
    /// In the order of the message; warnings are left out.
    package var faults: [Fault]

    /// The gravest of the faults: one that is final comes before one that passes.
    package var gravest: Fault? {
        for nature in [Fault.Nature.business, .fatal, .recoverable] {
            if let fault = faults.first(where: { $0.nature == nature }) { return fault }
        }
        return nil
    }

    /// Reads an answer.
    ///
    /// - Throws: what ``XMLDocument`` throws; `not_parseable` for a document that is no such message.
    package init(_ bytes: [UInt8]) throws(DocumentError) {
        let root = try XMLDocument.parse(bytes)
        guard root.name == "GovTalkMessage", root.namespace == GovTalkRequest.namespace,
            let details = root.child(named: "Header")?.child(named: "MessageDetails"),
            let messageClass = Self.text("Class", of: details),
            let qualifier = Self.text("Qualifier", of: details).flatMap(Qualifier.init)
        else { throw Self.unreadable }
        self.messageClass = messageClass
        self.qualifier = qualifier
        function = Self.text("Function", of: details) ?? ""
        transactionID = Self.text("TransactionID", of: details)
        correlationID = Self.text("CorrelationID", of: details)
        guard correlationID.map(Self.isCorrelationID) ?? true else { throw Self.unreadable }
        endpoint = Self.text("ResponseEndPoint", of: details)
        pollInterval = details.child(named: "ResponseEndPoint")?.attribute("PollInterval").flatMap { Int($0.trimmed) }
            .map { min(max($0, 0), 86_400) }
        let errors = root.child(named: "GovTalkDetails")?.child(named: "GovTalkErrors")?.children(named: "Error") ?? []
        faults = errors.compactMap { error in
            let word = Self.text("Type", of: error)
            if word == "warning" { return nil }
            let number = Self.text("Number", of: error).flatMap { text in
                (1...10).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? text : nil
            }
            // A type that the envelope does not know is none that a repeat would help.
            return Fault(nature: word.flatMap(Fault.Nature.init) ?? .fatal, number: number)
        }
    }

    private static let unreadable = DocumentError(
        .notParseable, at: "", "the document is no answer in a GovTalk envelope")

    /// Up to 32 hexadecimal digits.
    private static func isCorrelationID(_ text: String) -> Bool {
        text.utf8.count <= 32 && text.unicodeScalars.allSatisfy { $0.isASCII && $0.properties.isASCIIHexDigit }
    }

    /// The text of an element; nil when there is none in it.
    private static func text(_ name: String, of parent: XMLNode) -> String? {
        parent.child(named: name).map(\.text.trimmed).flatMap { $0.isEmpty ? nil : $0 }
    }
}

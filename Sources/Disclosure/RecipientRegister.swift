import Referral

/// The closed list of those who may receive anything at all (disclosure policy, section 4).
package struct RecipientRegister: Sendable, Hashable {
    /// What a text names.
    package enum Entry: Sendable, Hashable {
        /// A recipient; `member` is the part behind the colon for a kind whose members are entered one by one.
        case recipient(Recipient, member: String?)
        /// Somebody who sends, and is answered without personal data only (clause C19).
        case inboundOnly
        case unknown
    }

    /// The recipients by id.
    package let recipients: [String: Recipient]
    /// Those who only send.
    package let inboundOnly: Set<String>
    /// Those who were entered one by one, by id; the same one may have been entered for several periods.
    package let entered: [String: [EnteredRecipient]]

    package init(
        _ recipients: [Recipient], inboundOnly: Set<String>, entered: [EnteredRecipient] = []
    ) {
        self.recipients = Dictionary(recipients.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.inboundOnly = inboundOnly
        self.entered = Dictionary(grouping: entered, by: \.id)
    }

    /// The entry of somebody who was entered by name that holds at a moment, and whether there is one at all.
    func entry(of id: String, at instant: Instant) -> (live: EnteredRecipient?, isEntered: Bool) {
        guard !entered.isEmpty, let entries = entered[id] else { return (nil, false) }
        return (entries.first { $0.holds(at: instant) }, true)
    }

    /// Looks up an id, such as `uhdb` or `gp:C81001`.
    package subscript(_ text: String) -> Entry {
        if let recipient = recipients[text] { return .recipient(recipient, member: nil) }
        guard let colon = text.firstIndex(of: ":") else { return inboundOnly.contains(text) ? .inboundOnly : .unknown }
        let member = String(text[text.index(after: colon)...])
        guard let recipient = recipients[String(text[..<colon])], recipient.isKind, Self.isMember(member) else {
            return .unknown
        }
        return .recipient(recipient, member: member)
    }

    /// Ids of the recipients with a standing.
    package func ids(_ standing: Recipient.Standing) -> Set<String> {
        Set(recipients.values.lazy.filter { $0.standing == standing }.map(\.id))
    }

    /// 1 to 64 of letters, digits, full stop, underscore and hyphen, as an ODS code or a register id is.
    static func isMember(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

import Referral

/// Where in a partner's document it stands what becomes of a share that the partner was given.
struct ReplyReading: Sendable {
    /// The word that stands for a mapping where a document is about no person.
    static let only = "reply"
    /// The verdict of a document that leaves open what becomes of the share.
    static let open = "open"

    /// The share's id as the partner gives it back: whole, or its last 20 hexadecimal digits.
    let share: Expression
    /// `taken`, `refused`, or ``open``; anything else is unclear.
    let verdict: Expression
    /// Why, as a code word.
    let code: Expression?

    /// What a document says; nil when it names no share.
    func read(_ scope: Scope) -> ShareReply? {
        var evaluation = Evaluation()
        func text(_ expression: Expression?) -> String? {
            expression.flatMap { evaluation.items($0, scope, for: .document).first?.text }
        }
        guard let share = text(share), (1...64).contains(share.utf8.count) else { return nil }
        let said = text(verdict)
        return ShareReply(
            share: share, verdict: said.flatMap(ShareReply.Verdict.init), isOpen: said == Self.open, code: text(code))
    }
}

/// What a partner's document says about a share that it was given.
package struct ShareReply: Sendable, Hashable {
    package enum Verdict: String, CaseIterable, Sendable {
        case taken, refused
    }

    /// The share's id as the partner gives it back.
    package var share: String
    /// Nil where it is left open, or unclear.
    package var verdict: Verdict?
    /// Whether the document says that it is left open.
    package var isOpen = false
    /// As the partner wrote it.
    package var code: String?

    /// What is wrong with it; nil for nothing.
    var finding: Finding? {
        guard verdict == nil, !isOpen else { return nil }
        return Finding(.unknownCode, at: "", "it does not say whether the share was taken or refused")
    }

    /// The member `reply` of a line of `hub translate`.
    var value: Value {
        var object: Object = ["share": .string(share)]
        object["verdict"] = verdict.map { .string($0.rawValue) }
        object["code"] = code.map(Value.string)
        return .object(object)
    }
}

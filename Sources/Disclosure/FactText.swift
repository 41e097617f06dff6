import Referral

/// How facts are written in a trace: `name: value`, with "none" for what is not known.
enum FactText {
    static func text(_ name: String, _ value: String?) -> String { "\(name): \(value ?? "none")" }

    static func text(_ name: String, _ value: Bool) -> String { "\(name): \(value ? "yes" : "no")" }

    static func text(_ name: String, _ value: Int?) -> String { text(name, value.map(String.init)) }

    static func text(_ name: String, _ moment: Instant?) -> String { text(name, moment?.rfc3339) }

    /// A set of words in alphabetical order.
    static func text<Word: RawRepresentable<String>>(_ name: String, _ words: Set<Word>) -> String {
        text(name, words.isEmpty ? nil : words.map(\.rawValue).sorted().joined(separator: " "))
    }

    /// A reference or an approval: whether there is one, not what it says, because people write names into them.
    static func given(_ name: String, _ value: String?) -> String { text(name, value.isGiven) }

    /// Words of a request. One that the policy does not know may hold anything, and is not repeated.
    static func known<Word: RawRepresentable<String>>(_ name: String, _ words: [String], as type: Word.Type) -> String {
        let known = words.map { Word(rawValue: $0)?.rawValue ?? "not known" }
        return text(name, known.isEmpty ? nil : known.joined(separator: " "))
    }
}

extension Evaluation {
    var purposeText: String { FactText.known("purpose", purposes, as: Purpose.self) }

    var levelText: String { FactText.known("level", [request.level], as: Level.self) }

    var recipientText: String {
        switch rules.register[request.recipient] {
        case .recipient: "recipient: \(request.recipient)"
        case .inboundOnly: "recipient: sends only"
        case .unknown: isEntered ? "recipient: entered by name" : "recipient: not in the register"
        }
    }

    var channelText: String {
        let asked = FactText.known("channel", request.channel.map { [$0] } ?? [], as: ReleaseChannel.self)
        guard let channels = request.recipientChannels else { return asked }
        return "\(asked), \(FactText.text("set up", channels))"
    }

    var groupsText: String { "\(FactText.text("asked", request.groups)), \(FactText.text("released", released))" }

    /// What the agreements say to one of the reasons for which permission can be missing.
    func permissionText(_ reason: ReasonCode) -> String {
        guard let agreement = permission?.agreement else { return FactText.text("agreements", facts.agreements.count) }
        let detail =
            switch reason {
            case .evaluationError, .noAgreement: FactText.text("agreements", facts.agreements.count)
            case .agreementNotStarted: FactText.text("starts", agreement.effectiveFrom)
            case .agreementRevoked: FactText.text("revoked", agreement.revokedAt)
            case .agreementExpired: FactText.text("expires", agreement.expires)
            case .guardianPermissionMissing:
                "\(FactText.text("signed by", agreement.signedBy?.rawValue)), \(FactText.text("age", subject.age))"
            case .signatoryAuthorityMissing:
                "\(FactText.text("signed by", agreement.signedBy?.rawValue)), "
                    + FactText.given("evidence", agreement.authorityEvidence)
            case .processingRestricted:
                "\(FactText.text("signed", agreement.signedOn)), "
                    + FactText.text("restricted since", subject.restrictedOn)
            default: "\(recipientText), \(purposeText), \(FactText.text("lines", agreement.scope.count))"
            }
        return "agreement \(agreement.id) version \(agreement.version), \(detail)"
    }
}

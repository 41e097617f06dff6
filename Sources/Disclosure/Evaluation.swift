import Referral

/// The facts with everything that several lines of the order need, derived once. A class, because each line is handed it.
final class Evaluation {
    let facts: DisclosureFacts
    let rules: PolicyRules
    /// The purposes asked for, each once.
    let purposes: [String]
    /// Nil unless there is exactly one and it is known.
    let purpose: Purpose?
    let askedLevel: Level?
    /// The asked level, or the lower one that research without a reason comes down to.
    let level: Level?
    let recipient: Recipient?
    /// A recipient outside the closed list whom the purpose admits all the same; it may still need a review.
    let unlisted: MatrixRow.Unlisted?
    /// The recipient's entry by name that holds at this moment.
    let entry: EnteredRecipient?
    /// Whether the recipient was entered by name, for whatever time.
    let isEntered: Bool
    let channel: ReleaseChannel?
    /// The row of the purpose at ``level``; nil when there is none.
    let row: MatrixRow?
    /// What the agreements say, for a purpose that rests on them.
    let permission: Permission?
    let released: Set<FieldGroup>

    init(_ facts: DisclosureFacts, _ rules: PolicyRules) {
        self.facts = facts
        self.rules = rules
        let request = facts.request
        purposes = request.purposes.reduce(into: []) { purposes, purpose in
            if !purpose.isEmpty, !purposes.contains(purpose) { purposes.append(purpose) }
        }
        purpose = purposes.count == 1 ? Purpose(rawValue: purposes[0]) : nil
        askedLevel = Level(rawValue: request.level)
        let isLowered =
            purpose == .researchEvaluation && askedLevel == .identifiable && !request.whyIdentifiable.isGiven
        level = isLowered ? .pseudonymised : askedLevel
        (entry, isEntered) = rules.register.entry(of: request.recipient, at: facts.at)
        (recipient, unlisted) = Self.recipient(of: request, purpose, rules, entry, isEntered)
        channel = request.channel.flatMap(ReleaseChannel.init)
        row = if let purpose, let level { rules.row(purpose, level) } else { nil }
        permission =
            if let purpose, let row, purpose.family == .consent {
                Permission(
                    facts.agreements, recipient: request.recipient, purpose: purpose, row: row.groups,
                    subject: facts.subject, at: facts.at)
            } else {
                nil
            }
        released = Self.released(facts, purpose, recipient, row, permission, rules)
    }

    private static func recipient(
        of request: ShareRequestFacts, _ purpose: Purpose?, _ rules: PolicyRules, _ entry: EnteredRecipient?,
        _ isEntered: Bool
    ) -> (Recipient?, MatrixRow.Unlisted?) {
        if case .recipient(let recipient, _) = rules.register[request.recipient] { return (recipient, nil) }
        guard !request.recipient.isEmpty, let row = rules.matrix.first(where: { $0.purpose == purpose }) else {
            return (nil, nil)
        }
        // What the register says of somebody counts, not what the asker says.
        if isEntered { return (nil, entry.flatMap { $0.role.unlisted == row.unlisted ? row.unlisted : nil }) }
        let isAdmitted =
            switch row.unlisted {
            case .publicBody: request.isPublicBody
            case .researchThirdParty: request.isResearchAuthorised
            case nil: false
            }
        return (nil, isAdmitted ? row.unlisted : nil)
    }

    /// What was asked, and is in the row, and in the agreement or the order, and under the ceiling.
    private static func released(
        _ facts: DisclosureFacts, _ purpose: Purpose?, _ recipient: Recipient?, _ row: MatrixRow?,
        _ permission: Permission?, _ rules: PolicyRules
    ) -> Set<FieldGroup> {
        guard let purpose, let row else { return [] }
        var groups = facts.request.groups.intersection(row.groups)
        switch permission {
        case .given(let agreed, _): groups.formIntersection(agreed)
        case .refused: return []
        case nil: break
        }
        if purpose.family == .consent || purpose.family == .emergency,
            let ceiling = recipient.flatMap({ rules.ceilings[$0.id] })
        {
            groups.formIntersection(ceiling)
        }
        switch purpose {
        case .legalStatutory: groups.formIntersection(facts.request.orderedGroups)
        case .rightsNotice: groups.formIntersection(facts.request.previouslyDisclosed)
        case .ipsosEvaluation where !facts.subject.hasIpsosLinkConsent: groups.remove(.link)
        default: break
        }
        return groups
    }
}

extension Evaluation {
    var subject: Subject { facts.subject }
    var request: ShareRequestFacts { facts.request }
    /// Empty while the purpose is not known.
    var family: PurposeFamilies { purpose?.family ?? [] }

    /// Whether a moment has come; one that is not known has not.
    func hasCome(_ moment: Instant?) -> Bool { moment.map { $0 <= facts.at } ?? false }

    /// Whether the subject is a child; an unknown age is none.
    var isChild: Bool { subject.age.map { $0 < 18 } ?? false }

    /// Whether the subject is known to be an adult.
    var isAdult: Bool { subject.age.map { $0 >= 18 } ?? false }

    /// Whether the recipient is in the purpose's rows at any level.
    var isInRow: Bool {
        guard let recipient else { return unlisted != nil }
        // By index: a row is not copied to be looked at.
        return rules.matrix.indices.contains {
            rules.matrix[$0].purpose == purpose && rules.matrix[$0].recipients.contains(recipient.id)
        }
    }

    /// Whether a member of a kind that needs a contract has none at this moment, or an entry by name does not hold.
    var isOutOfContract: Bool {
        if isEntered, entry == nil { return true }
        guard let recipient, recipient.needsContract, request.recipient != recipient.id else { return false }
        guard let contract = request.contract else { return !isEntered }
        return !hasCome(contract.from) || hasCome(contract.until)
    }

    /// The name at this moment; nil for somebody who is not in the register.
    var recipientName: String? { entry?.name ?? recipient?.name(on: facts.at.date) }

    /// Whether the row lets data take the channel.
    var isChannelSecure: Bool {
        guard let channel, let row else { return false }
        return row.channels.contains(channel)
    }

    /// Whether the channel is set up for the recipient.
    var isChannelConfigured: Bool {
        guard let channel else { return false }
        return request.recipientChannels?.contains(channel) ?? true
    }

    /// Whether the channel encrypts the message itself, to a recipient who can read such messages.
    var isEncryptedEmail: Bool {
        guard let channel, Set.encryptedEmail.contains(channel) else { return false }
        return !(request.recipientChannels?.isDisjoint(with: Set.encryptedEmail) ?? false)
    }
}

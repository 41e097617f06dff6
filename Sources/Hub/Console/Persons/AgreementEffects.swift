import Console
import Disclosure
import Referral

/// What an agreement, or its withdrawal, changes in what may be told, in sentences for whoever is about to enter it.
struct AgreementEffects {
    private let trial: AgreementTrial
    private let name: (String) -> String

    /// - Parameter name: What a recipient is called.
    init(_ trial: AgreementTrial, name: @escaping (String) -> String) {
        self.trial = trial
        self.name = name
    }

    private var agreement: Agreement { trial.agreement }

    // MARK: Entering

    /// What would be so once the agreement is entered.
    var ofEntering: [String] {
        var sentences: [String] = []
        if let obstacle = trial.obstacle {
            sentences.append("It permits nothing, because \(Self.words(obstacle, of: agreement, trial.subject)).")
        } else if !permitsAnything {
            sentences.append("It permits nothing.")
        }
        if trial.isLater { sentences.append("Nothing changes before \(Self.day(trial.at)), from when it is valid.") }
        if trial.obstacle == nil { sentences += permitted + dependants + refused }
        if takesAPlace { sentences.append("It takes the place of what stands now, from the day on which it is valid.") }
        sentences += lost
        if changesAnything { sentences.append("What waits to be sent is judged again by it before it leaves.") }
        return sentences
    }

    private var permitsAnything: Bool {
        !dependants.isEmpty || trial.changes.contains { $0.after.isAnything && isNamed($0) }
    }

    private var changesAnything: Bool { trial.changes.contains { $0.before != $0.after } }

    /// Whether an agreement of its own stands that it replaces.
    private var takesAPlace: Bool {
        guard agreement.supplements == nil else { return false }
        if case .replaced? = trial.obstacle { return false }
        return trial.before.contains { $0.standing(among: trial.before, at: trial.at) == .inForce }
    }

    /// What may be told then, beside what may be told now.
    private var permitted: [String] {
        let changes = trial.changes.filter { $0.after.isAnything && ($0.before != $0.after || isNamed($0)) }
        return grouped(changes).map { change, purposes in
            let (whom, what) = (name(change.recipient), Self.what(change.after))
            if change.before == change.after { return "\(whom) may still be told, for \(purposes): \(what)." }
            if !change.before.isAnything { return "\(whom) may be told, for \(purposes): \(what)." }
            return "\(whom) may be told, for \(purposes): \(what). Until now it was: \(Self.what(change.before))."
        }
    }

    /// Lines about dependants permit nothing about the person; what they permit is not read here.
    private var dependants: [String] {
        guard trial.obstacle == nil else { return [] }
        return agreement.scope.filter { $0.about == .dependants }.map { line in
            let purposes = line.purposes.map(Self.words).sorted().joined(separator: ", ")
            let what = Self.what(line.groups.map(Permitted.part) ?? .all)
            return "\(name(line.recipient)) may be told, for \(purposes): \(what) (about dependants only)."
        }
    }

    /// What it names, and permits nothing of.
    private var refused: [String] {
        let changes = trial.changes.filter { !$0.after.isAnything && isNamed($0) }
        return grouped(changes).compactMap { change, purposes in
            guard case .nothing(let reason) = change.after, reason != .agreementCoversDependantsOnly else { return nil }
            return "\(name(change.recipient)) is told nothing for \(purposes), because \(Self.words(reason))."
        }
    }

    /// What nobody tells any more.
    private var lost: [String] {
        grouped(trial.changes.filter { $0.before.isAnything && !$0.after.isAnything }).map { change, purposes in
            "Nobody tells \(name(change.recipient)) anything any more by agreement, for \(purposes)."
        }
    }

    // MARK: Withdrawing

    /// What would be so once it is withdrawn, besides that nothing rests on it.
    ///
    /// - Parameter recipient: Only whose permission is withdrawn; nil for all of it.
    func ofWithdrawing(only recipient: String?) -> [String] {
        let concerned = recipient.map { [$0] } ?? Set(agreement.scope.map(\.recipient))
        let kept = trial.changes.filter { concerned.contains($0.recipient) && $0.after.isAnything }
        return lost
            + grouped(kept).map { change, purposes in
                "Another version still permits \(name(change.recipient)) to be told, for \(purposes): "
                    + "\(Self.what(change.after))."
            }
    }

    // MARK: Words

    private func isNamed(_ change: PermissionChange) -> Bool {
        agreement.scope.contains {
            $0.recipient == change.recipient && $0.purposes.contains(change.purpose) && $0.about == .person
        }
    }

    /// Those that differ in nothing but the purpose, with their purposes in words, by the names of the recipients.
    private func grouped(_ changes: [PermissionChange]) -> [(change: PermissionChange, purposes: String)] {
        var groups: [(change: PermissionChange, purposes: [String])] = []
        for change in changes {
            let like = groups.firstIndex { group in
                group.change.recipient == change.recipient && group.change.before == change.before
                    && group.change.after == change.after
            }
            if let like {
                groups[like].purposes.append(Self.words(change.purpose))
            } else {
                groups.append((change, [Self.words(change.purpose)]))
            }
        }
        return groups.map { ($0.change, $0.purposes.sorted().joined(separator: ", ")) }
            .sorted { name($0.change.recipient) < name($1.change.recipient) }
    }

    private static func words(_ purpose: Purpose) -> String { purpose.rawValue.replacing("_", with: " ") }

    private static func what(_ permitted: Permitted) -> String {
        switch permitted {
        case .all: "everything that it is about"
        case .part(let groups): FieldGroup.allCases.filter(groups.contains).map(\.words).joined(separator: ", ")
        case .nothing: "nothing"
        }
    }

    private static func day(_ instant: Instant) -> String { LondonTime.clock(instant).date.iso }

    private static func words(_ obstacle: Agreement.Obstacle, of agreement: Agreement, _ subject: Subject) -> String {
        switch obstacle {
        case .failure(let reason): words(reason, of: agreement, subject)
        case .replaced(let later):
            "version \(later.version) is valid from a later day, \(day(later.effectiveFrom)), and stays in its place"
        case .signedBefore(let base):
            "it was signed before version \(base.version), to which it adds, on \(day(base.signedOn))"
        case .base(let base, let obstacle):
            "version \(base.version), to which it adds, permits nothing itself: \(words(obstacle, of: base, subject))"
        case .noBase: "what it adds to does not count"
        }
    }

    /// Why an agreement is not valid.
    private static func words(_ reason: ReasonCode, of agreement: Agreement, _ subject: Subject) -> String {
        switch reason {
        case .agreementNotStarted: "it is not valid before \(day(agreement.effectiveFrom))"
        case .agreementExpired: "it was over on \(agreement.expires.map(day) ?? "a day before")"
        case .agreementRevoked: "it was withdrawn"
        case .guardianPermissionMissing:
            "the person is under 13, and no parent or guardian is said to permit it"
        case .signatoryAuthorityMissing:
            "nothing shows that \(agreement.signedBy.map { Console.signatory($0.rawValue) } ?? "whoever signed") "
                + "may sign for the person"
        case .processingRestricted:
            "the use of what is known is restricted since \(subject.restrictedOn.map(day) ?? "a day before"), and it "
                + "was not signed after that"
        default: words(reason)
        }
    }

    /// Why a line of an agreement permits nothing.
    private static func words(_ reason: ReasonCode) -> String {
        switch reason {
        case .recipientNotListed: "nobody in the register who is told anything by agreement has that id"
        case .purposeNotForRecipient: "the policy does not let them be told anything for that"
        case .noPermittedFields: "none of what was ticked may be told to them for that"
        case .purposeNotEnabled: "nothing is shared for that yet"
        case .recipientWithdrawn: "the person withdrew it"
        default: "the person is told: “\(reason.explanation)”"
        }
    }
}

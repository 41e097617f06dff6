import Referral

/// What the Shared Agreements say about one recipient and one purpose at one moment (disclosure policy, section 7).
enum Permission {
    /// The groups agreed on.
    case given(Set<FieldGroup>, by: Agreement)
    /// The reason, and the agreement that was looked at, if there was one.
    case refused(ReasonCode, by: Agreement?)

    /// The reasons for which permission can be missing, in the order of section 7.
    static let refusals: [ReasonCode] = [
        .evaluationError, .noAgreement, .agreementNotStarted, .agreementRevoked, .agreementExpired,
        .guardianPermissionMissing, .signatoryAuthorityMissing, .processingRestricted, .recipientWithdrawn,
        .purposeNotInAgreement, .agreementCoversDependantsOnly, .recipientNotInAgreement,
    ]

    /// Reads the agreements; their order does not matter.
    ///
    /// - Parameter row: the groups of the purpose, which a scope line without groups stands for.
    init(
        _ agreements: [Agreement], recipient: String, purpose: Purpose, row: Set<FieldGroup>, subject: Subject,
        at: Instant
    ) {
        guard !Self.contradict(agreements) else {
            self = .refused(.evaluationError, by: nil)
            return
        }
        let bases = agreements.filter { $0.supplements == nil }
        guard let base = bases.filter({ $0.hasStarted(at: at) }).max(by: { $1.isLater(than: $0) })
        else {
            self = .refused(bases.isEmpty ? .noAgreement : .agreementNotStarted, by: bases.max { $1.isLater(than: $0) })
            return
        }
        if let failure = base.failure(at: at, subject: subject) {
            self = .refused(failure, by: base)
            return
        }
        let lines =
            base.scope + Self.supplements(of: base, among: agreements, subject: subject, at: at).flatMap(\.scope)
        self = Self.read(lines, of: base, recipient: recipient, purpose: purpose, row: row, at: at)
    }

    var agreement: Agreement? {
        switch self {
        case .given(_, let agreement): agreement
        case .refused(_, let agreement): agreement
        }
    }

    var refusal: ReasonCode? {
        if case .refused(let reason, _) = self { reason } else { nil }
    }

    /// Whether two different texts claim to be the same version of an agreement. Which one was signed nobody can tell.
    private static func contradict(_ agreements: [Agreement]) -> Bool {
        agreements.indices.contains { index in
            agreements[..<index].contains {
                $0.id == agreements[index].id && $0.version == agreements[index].version && $0 != agreements[index]
            }
        }
    }

    /// The live supplements of an agreement. One that was signed before the agreement belongs to an earlier version and
    /// fell with that; a later version of a supplement replaces the earlier.
    private static func supplements(
        of base: Agreement, among agreements: [Agreement], subject: Subject, at: Instant
    ) -> [Agreement] {
        let started = agreements.filter {
            $0.supplements == base.id && $0.signedOn >= base.signedOn && $0.hasStarted(at: at)
        }
        return started.filter { supplement in
            supplement.failure(at: at, subject: subject) == nil
                && !started.contains { $0.id == supplement.id && $0.isLater(than: supplement) }
        }
    }

    private static func read(
        _ lines: [Agreement.ScopeLine], of base: Agreement, recipient: String, purpose: Purpose,
        row: Set<FieldGroup>, at: Instant
    ) -> Permission {
        let named = lines.filter { $0.recipient == recipient }
        let live = named.filter { line in line.withdrawnAt.map { $0 > at } ?? true }
        let fitting = live.filter { $0.purposes.contains(purpose) }
        let aboutPerson = fitting.filter { $0.about == .person }
        if !aboutPerson.isEmpty {
            let groups = aboutPerson.map { $0.groups ?? row }
            return .given(groups.dropFirst().reduce(groups[0]) { $0.union($1) }, by: base)
        }
        // None is live, as was seen above; so a line for this very purpose has been withdrawn.
        let isWithdrawn = named.contains { $0.about == .person && $0.purposes.contains(purpose) }
        let reason: ReasonCode =
            if named.isEmpty {
                .recipientNotInAgreement
            } else if live.isEmpty || isWithdrawn {
                .recipientWithdrawn
            } else if fitting.isEmpty {
                .purposeNotInAgreement
            } else {
                .agreementCoversDependantsOnly
            }
        return .refused(reason, by: base)
    }
}

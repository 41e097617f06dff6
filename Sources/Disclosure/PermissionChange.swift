package import Referral

/// What one recipient may be told for one purpose, by the agreements as they stand and as they would stand.
package struct PermissionChange: Sendable, Hashable {
    package var recipient: String
    package var purpose: Purpose
    package var before: Permitted
    package var after: Permitted
}

extension Permitted {
    /// Whether anything is permitted.
    package var isAnything: Bool {
        if case .nothing = self { false } else { true }
    }
}

extension PolicyRules {
    /// What agreements permit, beside what others in their place would: for everybody whom one of them names, and every purpose
    /// in use that rests on an agreement. Where nothing is permitted by either, and none of those after names it, it is left
    /// out.
    ///
    /// - Parameters:
    ///   - subject: As for ``permitted(by:to:for:subject:at:)``.
    ///   - at: The moment at which both are read.
    package func changes(
        from before: [Agreement], to after: [Agreement], subject: Subject, at: Instant
    ) -> [PermissionChange] {
        let lines = after.flatMap(\.scope)
        let recipients = Set(before.flatMap(\.scope).map(\.recipient) + lines.map(\.recipient))
        let purposes = Purpose.allCases.filter { $0.family == .consent && enabledPurposes.contains($0) }
        return recipients.sorted().flatMap { recipient in
            purposes.compactMap { purpose -> PermissionChange? in
                func permitted(by agreements: [Agreement]) -> Permitted? {
                    self.permitted(by: agreements, to: recipient, for: purpose, subject: subject, at: at)
                }
                guard let old = permitted(by: before), let new = permitted(by: after) else { return nil }
                let isNamed = lines.contains { $0.recipient == recipient && $0.purposes.contains(purpose) }
                guard old.isAnything || new.isAnything || isNamed else { return nil }
                return PermissionChange(recipient: recipient, purpose: purpose, before: old, after: new)
            }
        }
    }
}

extension Agreement {
    /// Why nothing rests on an agreement, whatever its lines say.
    package indirect enum Obstacle: Sendable, Hashable {
        /// It is over, or was not signed as it must be.
        case failure(ReasonCode)
        /// This one took its place.
        case replaced(by: Agreement)
        /// It adds to this one, and was signed before it.
        case signedBefore(Agreement)
        /// It adds to this one, on which nothing rests either.
        case base(Agreement, Obstacle)
        /// What it adds to does not count, or is unknown.
        case noBase
    }

    /// Why nothing rests on this agreement among all that count of the same person; nil when something can. Which of two
    /// replaces the other, and what falls with what, is read as by a decision (disclosure policy, section 7).
    package func obstacle(among all: [Agreement], subject: Subject, at instant: Instant) -> Obstacle? {
        if !hasStarted(at: instant) { return .failure(.agreementNotStarted) }
        if let failure = failure(at: instant, subject: subject) { return .failure(failure) }
        guard let supplements else {
            let started = all.filter { $0.supplements == nil && $0.hasStarted(at: instant) }
            let last = started.filter { $0.isLater(than: self) }.max { $1.isLater(than: $0) }
            return last.map(Obstacle.replaced)
        }
        guard let base = all.first(where: { $0.id == supplements && $0.supplements == nil }) else { return .noBase }
        if signedOn < base.signedOn { return .signedBefore(base) }
        return base.obstacle(among: all, subject: subject, at: instant).map { .base(base, $0) }
    }
}

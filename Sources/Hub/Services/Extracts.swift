package import CaseStore
package import Disclosure
import MessageQueue
package import Postgres
package import Referral
import Translation

/// Extracts for research, evaluation and planning: counts, or pseudonymised rows, about everybody whom the policy lets be in
/// one (disclosure policy, section 9; partner interfaces, section 16).
package struct Extracts: Sendable {
    /// An extract that is wanted.
    package struct Order: Sendable {
        package var recipient: String
        package var project: String
        /// First referrals of these days only; nil for any.
        package var days: ClosedRange<CalendarDate>?
        package var areas: AreaTable
        package var actor: String
        /// Whether the hub sends it by the project's channel, instead of handing its files over.
        package var isSent: Bool

        package init(
            recipient: String, project: String, days: ClosedRange<CalendarDate>?, areas: AreaTable, actor: String,
            isSent: Bool = false
        ) {
            self.recipient = recipient
            self.project = project
            self.days = days
            self.areas = areas
            self.actor = actor
            self.isSent = isSent
        }
    }

    /// What became of an order.
    package enum Answer: Sendable {
        /// The recipient has no such project.
        case noProject
        /// The recipient's adapter sends no extracts of the project's purpose by its channel.
        case noWay(ExtractProject)
        /// Nothing may leave; the refusal is on the ledger.
        case refused(id: UUIDValue, Decision)
        /// The release is on the ledger, and its files may leave.
        case released(ExtractRelease)
        /// It waits in the recipient's queue.
        case queued(ExtractRelease)
    }

    let database: Database
    let store: CaseStore
    let queue: MessageQueue
    private let partners: OutboundPartners
    private let rules: PolicyRules
    private let sender: ReleaseSender

    package init(_ installation: Installation) {
        let installation = installation.acting(as: .console)
        database = installation.database
        store = installation.store
        queue = installation.queue
        partners = installation.partners
        rules = installation.policy.inForce.extracting
        sender = installation.sender
    }

    /// The most that the policy gives for a purpose at a level: what a project asks for when nobody says. Empty where there
    /// is no such level.
    package func usualGroups(_ purpose: Purpose, _ level: Level) -> Set<FieldGroup> {
        rules.row(purpose, level)?.groups ?? []
    }

    /// Enters a project.
    ///
    /// - Returns: Whether it is new; one that the recipient has already is left as it is.
    package func add(_ project: ExtractProject, by actor: String) async throws -> Bool {
        try await database.transaction { [store] connection in
            try store.add(project, by: actor, in: connection)
        }
    }

    /// Makes an extract, in one transaction that ends with its entry on the ledger: the project is judged, then everybody
    /// singly, then what was computed.
    ///
    /// Nobody is looked at where the project itself is refused. Whoever the policy does not let pass is left out. The caller
    /// lets the files leave and then calls ``finish(_:_:)``; one that is to be sent waits in the recipient's queue instead, and
    /// is judged again when it leaves (``ExtractDispatch``).
    package func make(_ order: Order) async throws -> Answer {
        let answer = try await database.transaction { [store, rules, partners] connection -> Answer in
            guard let project = try store.extractProject(order.project, of: order.recipient, in: connection) else {
                return .noProject
            }
            if order.isSent, partners.outbound(for: project) == nil { return .noWay(project) }
            try store.lockExtracts(for: project.recipient, in: connection)
            let setup = try partners.setup(of: project.recipient, store, in: connection)
            func judge(
                _ subject: Subject, at: Timestamp, _ extract: ShareRequestFacts.Extract? = nil
            ) -> (facts: DisclosureFacts, decision: Decision) {
                let facts = project.facts(
                    about: subject, isSuspended: setup.isSuspended, channels: order.isSent ? setup.channels : nil,
                    extract: extract, stage: order.isSent ? .request : .send, at: at)
                return (facts, Policy.decide(facts, rules: rules, tracing: false))
            }
            let (facts, decision) = judge(.anybody, at: .now())
            var new = NewExtract(
                id: .v7(), project: project, decision: decision, facts: facts, days: order.days, actor: order.actor)
            guard let level = decision.level else {
                try store.enter(new, in: connection)
                return .refused(id: new.id, decision)
            }
            let earlierRows = try store.earlierRows(of: project.recipient, in: connection)
            let (candidates, judgedAt, agesOn) = try store.cohort(
                referredOn: order.days, agesOn: level == .anonymised ? nil : earlierRows.agesOn, areas: order.areas,
                in: connection)
            var whole = Subject.anybody
            let members = candidates.compactMap { candidate -> CohortRecord? in
                let decision = judge(candidate.subject, at: judgedAt).decision
                guard decision.outcome.releases, decision.level == level else {
                    new.excluded[decision.reason, default: 0] += 1
                    return nil
                }
                var record = candidate.record
                record.isLinkable = project.purpose != .ipsosEvaluation || decision.released.contains(.link)
                // Where one of them has not agreed to linking, not all that was asked for goes.
                whole.hasIpsosLinkConsent = whole.hasIpsosLinkConsent && candidate.subject.hasIpsosLinkConsent
                return record
            }
            let earlier = try store.releasedPopulations(to: project.recipient, in: connection)
            let computed = ComputedExtract(
                members, level: level, groups: decision.released, agesOn: agesOn, after: earlierRows, earlier: earlier)
            let last = judge(whole, at: judgedAt, computed.facts)
            new.cohort = members.count
            (new.facts, new.decision) = (last.facts, last.decision)
            guard new.decision.outcome.releases, new.decision.level == level else {
                try store.enter(new, in: connection)
                return .refused(id: new.id, new.decision)
            }
            let keys = try keys(for: computed, new, in: connection)
            let release = ExtractRelease(computed, new, keys)
            new.content = NewExtract.Content(
                rowCount: release.table.rows.count, k: computed.k, projectKey: keys.project, ownKey: keys.own,
                populations: computed.populations, step: computed.rows?.generalisation, agesOn: computed.agesOn,
                bytesHash: release.bytesHash)
            if order.isSent { new.sending = try queued(release, new, computed, in: connection) }
            try store.enter(new, in: connection)
            return order.isSent ? .queued(release) : .released(release)
        }
        if case .queued = answer { queue.wake(partners.queue(of: order.recipient)) }
        return answer
    }

    /// Puts the message that will send a release into the recipient's queue, with the archive that waits for it.
    private func queued(
        _ release: ExtractRelease, _ new: NewExtract, _ computed: ComputedExtract, in connection: Connection
    ) throws -> NewExtract.Sending {
        guard let outbound = partners.outbound(for: new.project) else {
            preconditionFailure("nothing is made for a way that is not there")
        }
        let package = ExtractPackage(
            id: new.id.description, purpose: new.project.purpose.rawValue, created: new.decision.at, sender: sender.id,
            files: release.files)
        let message = partners.message(forExtract: new.id, to: new.project.recipient)
        let ids = try queue.enqueue([message], in: connection)
        return NewExtract.Sending(
            bytes: try package.rendered(as: outbound).bytes,
            linkable: Set((computed.rows?.members ?? []).filter(\.isLinkable).map(\.mark)), message: ids[0].rawValue,
            expiresAt: Timestamp(microseconds: new.decision.at.microseconds) + outbound.deadline)
    }

    /// Takes back an extract that waits to be sent, or that failed and might be sent again; its package is destroyed.
    ///
    /// - Returns: Whether it waited.
    package func cancel(_ id: UUIDValue, by actor: String) async throws -> Bool {
        try await database.transaction { [store, queue] connection in
            guard let message = try store.cancel(extract: id, by: actor, in: connection) else { return false }
            let cause = Cause(code: "taken_back", text: "Who asked for it took it back")
            _ = try queue.cancel(message.map { [MessageID(rawValue: $0)] } ?? [], cause: cause, in: connection)
            return true
        }
    }

    /// Enters what the recipient of a sent extract says about it.
    ///
    /// - Returns: Whether it was delivered.
    package func acknowledge(_ id: UUIDValue, _ told: AcknowledgementTold) async throws -> Bool {
        try await database.transaction { [store] in try store.acknowledge(extract: id, told, in: $0) }
    }

    /// The keys that the pseudonyms of an extract need: the project's for those whose extracts may be joined, and one of its
    /// own for the others. None for counts.
    private func keys(
        for computed: ComputedExtract, _ new: NewExtract, in connection: Connection
    ) throws -> PseudonymKeys {
        guard let rows = computed.rows else { return PseudonymKeys() }
        let at = Timestamp(microseconds: new.decision.at.microseconds)
        var keys = PseudonymKeys()
        if rows.members.contains(where: \.isLinkable) {
            keys.project = try store.pseudonymKey(of: new.project, at: at, in: connection)
        }
        if rows.members.contains(where: { !$0.isLinkable }) {
            keys.own = try store.makePseudonymKey(of: new.project, forExtract: new.id, at: at, in: connection)
        }
        return keys
    }

    /// Enters what became of the files of a release.
    package func finish(_ id: UUIDValue, _ outcome: ExtractOutcome) async throws {
        try await database.transaction { [store] connection in
            try store.finish(extract: id, outcome, in: connection)
        }
    }
}

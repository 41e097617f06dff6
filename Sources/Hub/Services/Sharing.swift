package import CaseStore
import Disclosure
import Logging
import MessageQueue
package import Postgres
package import Referral
import Translation

/// Agreements and requests for shares: what staff ask, what the policy answers, what is queued.
package struct Sharing: Sendable {
    let database: Database
    let store: CaseStore
    let queue: MessageQueue
    let partners: OutboundPartners
    let rules: PolicyRules
    let sender: ReleaseSender
    let metrics: Metrics
    private let asking: Coalescer<Asked, Asking>

    init(_ installation: Installation) {
        let installation = installation.acting(as: .console)
        let store = installation.store
        let queue = installation.queue
        let partners = installation.partners
        database = installation.database
        self.store = store
        self.queue = queue
        self.partners = partners
        let rules = installation.policy.inForce.serving
        self.rules = rules
        sender = installation.sender
        metrics = installation.metrics
        asking = Coalescer(on: installation.database, maxBatch: 32, crowd: 32) { batch, connection in
            let requests = batch.map(\.request)
            var setups: [String: RecipientSetup] = [:]
            for recipient in Set(requests.map(\.recipient)) {
                setups[recipient] = try partners.setup(of: recipient, store, in: connection)
            }
            let asked = try store.ask(requests, in: connection) { setups[$0.recipient] ?? RecipientSetup(channels: []) }
            let keyed = batch.indices.filter { asked[$0] != nil && batch[$0].key != nil }
            let claims = try store.claim(
                keyed.compactMap { index in batch[index].key.map { ($0, requests[index].id) } }, in: connection)
            let earlier = Dictionary(
                uniqueKeysWithValues: zip(keyed, claims).filter { $0.1 != .new }.map { (requests[$0.0].id, $0.1) })
            var shares = asked.compactMap { $0 }.filter { earlier[$0.request.id] == nil }.map { asked in
                NewShare(asked, decision: Policy.decide(asked.facts, rules: rules, tracing: false))
            }
            let permitted = shares.indices.filter { shares[$0].state == .queued }
            let messages = permitted.map { partners.message(for: shares[$0].asked.request) }
            for (index, id) in zip(permitted, try queue.enqueue(messages, in: connection)) {
                shares[index].message = id.rawValue
            }
            let created = try store.create(shares, in: connection)
            let byID = Dictionary(uniqueKeysWithValues: created.map { ($0.id, $0) })
            return try requests.map { request in
                switch earlier[request.id] {
                case .repeated(let id): try store.share(id, in: connection).map(Asking.repeated) ?? .noPerson
                case .conflict: .conflict
                case .new, nil: byID[request.id].map(Asking.made) ?? .noPerson
                }
            }
        }
    }

    /// A request for a share, with what makes it recognisable when it comes again.
    private struct Asked: Sendable {
        var request: ShareRequest
        var key: RequestKey?
    }

    /// What became of a request for a share.
    private enum Asking: Sendable {
        case noPerson
        case made(Share)
        case repeated(Share)
        case conflict
    }

    /// What became of a request to make something.
    package enum Answer: Sendable {
        /// Made now.
        case made(Value)
        /// The same was asked before under the same key; this is how it stands, and nothing was made now.
        case repeated(Value)
        /// Something else was asked before under the same key; nothing was made now.
        case conflict

        /// What was made, now or before.
        package var value: Value? {
            switch self {
            case .made(let value), .repeated(let value): value
            case .conflict: nil
            }
        }
    }

    // MARK: Agreements

    /// Records the Shared Agreement in `body`, the JSON of `POST /v1/agreements`.
    ///
    /// - Parameters:
    ///   - key: The caller's own key for this request, by which a repeat of it is recognised for a month.
    ///   - seen: How the person's agreements stood when they were looked at (``mark(ofAgreementsOf:in:)``); left out, however
    ///     they stand.
    /// - Returns: `{agreement_id, person_id, version}`, or nil when there is no such person.
    /// - Throws: ``RequestError`` naming everything that is wrong with the body; ``AgreementsChanged``; ``PersonMerged``;
    ///   ``CaseStoreError/keyDestroyed(person:)`` once the person was erased.
    package func addAgreement(
        _ body: [UInt8], key: String? = nil, seen: String? = nil, by actor: String
    ) async throws -> Answer? {
        let request = try AgreementRequest(body)
        let agreement = request.agreement
        let id = UUIDValue.v7()
        let claimed = try key.map { (try checked($0, by: actor, body), id) }
        return try await database.transaction { [self] connection -> Answer? in
            // Nobody adds another meanwhile, and nobody is found to be the person or erases what is known.
            let subject = try store.subject(of: agreement.person, isLocked: true, in: connection)
            guard let subject, let person = try store.person(agreement.person, in: connection) else { return nil }
            switch try store.claim(claimed.map { [$0] } ?? [], in: connection).first {
            case .conflict: return .conflict
            case .repeated(let id): return try store.agreement(id, in: connection).map { .repeated(Self.value(of: $0)) }
            case .new, nil: break
            }
            if let survivor = person.mergedInto { throw PersonMerged(survivor: survivor) }
            if subject.erasure == .done { throw CaseStoreError.keyDestroyed(person: person.id) }
            try check(seen, ofAgreementsOf: person.id, in: connection)
            guard let added = try store.add(agreement, id: id, by: actor, in: connection) else {
                let finding = Finding(.schema, at: "supplements", "Is no agreement of this person")
                throw RequestError(findings: [finding])
            }
            return .made(Self.value(of: added))
        }
    }

    /// `{agreement_id, person_id, version}`.
    private static func value(of stored: StoredAgreement) -> Value {
        [
            "agreement_id": .string(stored.id.description), "person_id": .string(stored.person.description),
            "version": .number(String(stored.agreement.version)),
        ]
    }

    /// An agreement as it stands, or nil.
    package func agreement(_ id: UUIDValue) async throws -> Value? {
        try await stored(id).map { Self.detail(of: $0, counting: $1) }
    }

    /// An agreement as FHIR R4 Consent, or nil: active while it counts, is in force and validly signed.
    package func consent(_ id: UUIDValue) async throws -> Value? {
        try await stored(id).map { stored, counting in
            let at = Instant(microseconds: Timestamp.now().microseconds)
            let agreement = stored.agreement
            let isInForce =
                counting.contains(agreement) && agreement.standing(among: counting, at: at) == .inForce
                && agreement.isValidlySigned
            return ConsentResource.resource(of: stored, isInForce: isInForce)
        }
    }

    /// An agreement, and those of the person that count.
    private func stored(_ id: UUIDValue) async throws -> (StoredAgreement, counting: [Agreement])? {
        try await database.read { [store] connection in
            try store.agreement(id, in: connection).map {
                ($0, try store.agreements(of: $0.person, isCounting: true, in: connection).map(\.agreement))
            }
        }
    }

    /// All agreements of a person, the newest first, or nil when there is no such person.
    package func agreements(of person: UUIDValue) async throws -> [Value]? {
        let stored = try await database.read { [store] connection in
            try store.person(person, in: connection).map { _ in
                (
                    try store.agreements(of: person, in: connection),
                    try store.agreements(of: person, isCounting: true, in: connection).map(\.agreement)
                )
            }
        }
        return stored.map { all, counting in
            all.sorted { $0.agreement.version > $1.agreement.version }.map { Self.detail(of: $0, counting: counting) }
        }
    }

    /// Ids, codes, instants: what shows that somebody else could sign is sealed, and only told to be there.
    ///
    /// - Parameter counting: The person's agreements that count; one that a merger of persons set aside does not.
    private static func detail(of stored: StoredAgreement, counting: [Agreement]) -> Value {
        let agreement = stored.agreement
        let at = Instant(microseconds: Timestamp.now().microseconds)
        var object: Object = [
            "agreement_id": .string(stored.id.description), "person_id": .string(stored.person.description),
            "version": .number(String(agreement.version)),
            "state": .string(
                counting.contains(agreement) ? agreement.standing(among: counting, at: at).rawValue : "set_aside"),
            "signed_on": .string(agreement.signedOn.rfc3339),
            "has_authority_evidence": .bool(agreement.authorityEvidence != nil),
            "guardian_permission": .bool(agreement.hasGuardianPermission),
            "scope": .array(
                agreement.scope.enumerated().map { number, line in
                    var object: Object = [
                        "line": .number(String(number)), "recipient": .string(line.recipient),
                        "purposes": .array(line.purposes.map(\.rawValue).sorted().map(Value.string)),
                        "about": .string(line.about.rawValue),
                    ]
                    object["groups"] = line.groups.map { .array($0.map(\.rawValue).sorted().map(Value.string)) }
                    object["withdrawn_at"] = line.withdrawnAt.map { .string($0.rfc3339) }
                    return .object(object)
                }),
        ]
        object["signed_by"] = agreement.signedBy.map { .string($0.rawValue) }
        object["starts"] = agreement.starts.map { .string($0.rfc3339) }
        object["expires"] = agreement.expires.map { .string($0.rfc3339) }
        object["revoked_at"] = agreement.revokedAt.map { .string($0.rfc3339) }
        object["supplements"] = agreement.supplements.map(Value.string)
        return .object(object)
    }

    /// The caller's key for a request: 1 to 200 visible ASCII characters.
    private func checked(_ key: String, by actor: String, _ body: [UInt8]) throws(RequestError) -> RequestKey {
        guard (1...200).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw RequestError(findings: [
                Finding(.schema, at: "Idempotency-Key", "Must be 1 to 200 visible ASCII characters")
            ])
        }
        return store.requestKey(key, by: actor, body: body)
    }

    /// Withdraws an agreement, or one recipient or line of it, and cancels what is queued under it in the same transaction.
    ///
    /// No release entry commits after this has: the agreement's row is locked FOR NO KEY UPDATE here and FOR SHARE by
    /// ``Dispatch`` (promise 3).
    ///
    /// - Returns: `{agreement_id, cancelled_shares}`, or nil when there is no such agreement, or no such recipient or line
    ///   in it.
    package func withdraw(_ id: UUIDValue, _ body: [UInt8], by actor: String) async throws -> Value? {
        try await withdraw(id, try WithdrawalRequest(body), by: actor)
    }

    /// The same, unless the person's agreements stand otherwise than they were seen (``mark(ofAgreementsOf:in:)``).
    ///
    /// - Throws: ``RequestError``; ``AgreementsChanged``.
    func withdraw(_ id: UUIDValue, _ body: [UInt8], seen: String, by actor: String) async throws -> Value? {
        try await withdraw(id, try WithdrawalRequest(body), seen: seen, by: actor)
    }

    /// The same as of now, for the whole agreement, one recipient of it, or one line from 0.
    package func withdraw(
        _ id: UUIDValue, recipient: String? = nil, line: Int? = nil, by actor: String
    ) async throws -> Value? {
        try await withdraw(id, WithdrawalRequest(recipient: recipient, line: line), by: actor)
    }

    private func withdraw(
        _ id: UUIDValue, _ request: WithdrawalRequest, seen: String? = nil, by actor: String
    ) async throws -> Value? {
        let receivedAt = request.receivedAt ?? .now()
        return try await database.transaction { [self] connection -> Value? in
            guard let stored = try store.agreement(id, in: connection) else { return nil }
            // The person first, as by whoever adds one.
            _ = try store.subject(of: stored.person, isLocked: true, in: connection)
            try check(seen, ofAgreementsOf: stored.person, in: connection)
            // Lines are numbered from 0 in the order of the agreement; none stands for all of it.
            let scope = stored.agreement.scope
            let lines: [Int?] =
                request.recipient.map { recipient in scope.indices.filter { scope[$0].recipient == recipient } }
                ?? request.line.map { scope.indices.contains($0) ? [$0] : [] } ?? [nil]
            guard !lines.isEmpty else { return nil }
            var cancelled: [UUIDValue] = []
            // Once, after all rows are locked: whoever takes a share back locks its row first, then the queue's keys.
            var messages: [Int64] = []
            for line in lines {
                guard
                    let withdrawal = try store.withdraw(
                        agreement: id, scopeLine: line, receivedAt: receivedAt, by: actor, in: connection)
                else { return nil }
                cancelled += withdrawal.shares
                messages += withdrawal.messages
            }
            let cause = Cause(code: "agreement_withdrawn", text: "The person withdrew the permission it rested on")
            _ = try queue.cancel(messages.map(MessageID.init(rawValue:)), cause: cause, in: connection)
            return [
                "agreement_id": .string(id.description),
                "cancelled_shares": .array(cancelled.map { .string($0.description) }),
            ]
        }
    }

    // MARK: Shares

    /// Judges a share, keeps the decision, and queues it when it is permitted.
    ///
    /// The decision is taken again when the message is claimed for sending and on every retry.
    ///
    /// - Parameters:
    ///   - key: The caller's own key for this request, by which a repeat of it is recognised for a month.
    ///   - id: What the share is to be called, where that is known before.
    /// - Returns: the share as ``value(of:)`` shows it, or nil when there is no such person.
    /// - Throws: ``RequestError`` naming everything that is wrong with the body.
    package func requestShare(
        _ body: [UInt8], key: String? = nil, id: UUIDValue = .v7(), by actor: String
    ) async throws -> Answer? {
        let request = try request(in: body, id: id, by: actor)
        let key = try key.map { try checked($0, by: actor, body) }
        switch try await asking.submit(Asked(request: request, key: key)) {
        case .noPerson: return nil
        case .conflict: return .conflict
        case .repeated(let share): return .repeated(Self.value(of: share))
        case .made(let share):
            metrics.count(.decisions, share.outcome ?? "none")
            wake(for: share)
            return .made(Self.value(of: share))
        }
    }

    /// What a body asks for, with the way out and the groups that go without saying.
    ///
    /// - Throws: ``RequestError`` naming everything that is wrong with the body.
    func request(in body: [UInt8], id: UUIDValue, by actor: String) throws(RequestError) -> ShareRequest {
        let wanted = try NewShareRequest(body)
        let outbound = partners.outbound(recipient: wanted.recipient, purpose: wanted.purpose)
        let groups =
            wanted.groups
            ?? rules.usualGroups(
                of: outbound, for: wanted.recipient, wanted.purpose, at: wanted.level ?? Level.identifiable.rawValue)
        return ShareRequest(
            id: id,
            person: wanted.person,
            recipient: wanted.recipient,
            purpose: wanted.purpose,
            level: wanted.level ?? Level.identifiable.rawValue,
            groups: groups.map(\.rawValue).sorted(),
            channel: outbound?.channel.rawValue ?? ReleaseChannel.httpsMutualTLS.rawValue,
            grounds: wanted.grounds,
            requestedBy: wanted.requestedBy.map { "\(actor)/\($0)" } ?? actor
        )
    }

    /// Tells the recipient's queue of a share that waits there.
    func wake(for share: Share) {
        if share.state == .queued { queue.wake(partners.queue(of: share.request.recipient)) }
    }

    /// Takes a share back that waits to be sent or to be decided by a person.
    ///
    /// - Returns: the share as ``value(of:)`` shows it, a conflict when it is on its way or has ended, or nil when there
    ///   is no such share. To take it back twice is the same as once.
    /// - Throws: ``RequestError`` naming everything that is wrong with the body.
    package func cancel(_ id: UUIDValue, _ body: [UInt8] = [], by actor: String) async throws -> Answer? {
        let wanted = try CancellationRequest(body)
        let actor = wanted.requestedBy.map { "\(actor)/\($0)" } ?? actor
        let cancellation = try await database.transaction { [store, queue] connection -> ShareCancellation? in
            let cancellation = try store.cancel(share: id, by: actor, in: connection)
            if case .cancelled(let share)? = cancellation, let message = share.message {
                let cause = Cause(code: "taken_back", text: "Who asked for it took it back")
                _ = try queue.cancel([MessageID(rawValue: message)], cause: cause, in: connection)
            }
            return cancellation
        }
        switch cancellation {
        case .cancelled(let share):
            // The person's next share may go now.
            queue.wake(partners.queue(of: share.request.recipient))
            return .made(Self.value(of: share))
        case .tooLate: return .conflict
        case nil: return nil
        }
    }

    /// A share as it stands, or nil.
    package func share(_ id: UUIDValue) async throws -> Value? {
        try await database.read { [store] in try store.share(id, in: $0) }.map(Self.value(of:))
    }

    /// `{share_id, person_id, recipient, purpose, state, decision}`; ids, codes and field groups only.
    package static func value(of share: Share) -> Value {
        let request = share.request
        var decision: Object = [
            "outcome": share.outcome.map(Value.string) ?? nil,
            "reason": share.reason.map(Value.string) ?? nil,
            "released": .array(share.released.sorted().map(Value.string)),
            "withheld": .array(Set(request.groups).subtracting(share.released).sorted().map(Value.string)),
        ]
        decision["explanation"] = share.reason.flatMap(ReasonCode.init).map { .string($0.explanation) }
        decision["agreement_id"] = share.agreement.map { .string($0.description) }
        decision["agreement_version"] = share.agreementVersion.map { .number(String($0)) }
        decision["policy_version"] = share.policyVersion.map(Value.string)
        decision["awaits"] = share.awaits.map { .string($0.rawValue) }
        var object: Object = [
            "share_id": .string(share.id.description),
            "person_id": .string(request.person.description),
            "recipient": .string(request.recipient),
            "purpose": .string(request.purpose),
            "state": .string(share.state.rawValue),
            "requested_at": .string(request.requestedAt.rfc3339),
            "attempts": .number(String(share.attempts)),
            "decision": .object(decision),
        ]
        object["authority_ref"] = request.grounds.authorityReference.map(Value.string)
        if !share.approvals.isEmpty {
            object["approvals"] = .array(
                share.approvals.map { approval in
                    [
                        "role": .string(approval.role.rawValue), "approved_by": .string(approval.approver),
                        "at": .string(approval.at.rfc3339),
                    ]
                })
        }
        object["acknowledgement"] = share.acknowledgement.map { acknowledgement in
            var value: Object = [
                "awaited": .string(acknowledgement.kind.rawValue), "state": .string(acknowledgement.state.rawValue),
                "since": .string(acknowledgement.awaitedSince.rfc3339),
                "due_at": .string(acknowledgement.dueAt.rfc3339),
            ]
            value["told_at"] = acknowledgement.toldAt.map { .string($0.rfc3339) }
            value["told_by"] = acknowledgement.toldBy.map(Value.string)
            value["code"] = acknowledgement.code.map(Value.string)
            return .object(value)
        }
        object["failure"] = share.failure.map(Value.string)
        object["reference"] = share.reference.map(Value.string)
        object["finished_at"] = share.finishedAt.map { .string($0.rfc3339) }
        return .object(object)
    }
}

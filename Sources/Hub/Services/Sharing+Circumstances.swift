import CaseStore
import Disclosure
import MessageQueue
package import Postgres
package import Referral

extension Sharing {
    /// What the disclosure policy must know of a person, as it stands; nil when there is no such person.
    package func circumstances(of person: UUIDValue) async throws -> Value? {
        try await database.read { [store] in try store.subject(of: person, in: $0) }
            .map { Self.value(of: $0, person) }
    }

    /// Changes what the disclosure policy must know of a person, and judges every share about them that waits again, in
    /// the same transaction: what may no longer leave is cancelled or parked, what waited for this is queued.
    ///
    /// - Parameter body: A JSON merge patch (RFC 7396): what is absent stays, null takes back.
    /// - Returns: The circumstances as they stand, with the `shares` whose state changed; nil when there is no such person.
    /// - Throws: ``RequestError`` naming everything that is wrong with the body.
    package func changeCircumstances(_ body: [UInt8], of person: UUIDValue, by actor: String) async throws -> Value? {
        let change = try CircumstancesRequest(body)
        let changed = try await database.transaction { [self] connection -> (Subject, [Share])? in
            guard var subject = try store.subject(of: person, isLocked: true, in: connection) else { return nil }
            let before = subject
            try change.apply(to: &subject)
            guard subject != before else { return (subject, []) }
            try store.setCircumstances(subject, of: person, changing: change.names, by: actor, in: connection)
            return (subject, try judgeAgain(sharesAbout: person, by: actor, in: connection))
        }
        guard let (subject, shares) = changed else { return nil }
        for share in shares {
            metrics.count(.decisions, share.outcome ?? "none")
            wake(for: share)
        }
        var object = Self.value(of: subject, person).objectValue ?? Object()
        object["shares"] = .array(
            shares.map { ["share_id": .string($0.id.description), "state": .string($0.state.rawValue)] })
        return .object(object)
    }

    /// Judges every share about a person that waits, by what is known in this transaction.
    ///
    /// - Returns: Those whose state or reason for waiting changed.
    private func judgeAgain(
        sharesAbout person: UUIDValue, by actor: String, in connection: Connection
    ) throws -> [Share] {
        let waiting = try store.waitingShares(about: person, in: connection)
        var setups: [String: RecipientSetup] = [:]
        for recipient in Set(waiting.map(\.request.recipient)) {
            setups[recipient] = try partners.setup(of: recipient, store, in: connection)
        }
        let prepared = try store.prepareJudging(of: waiting.map(\.id), in: connection) {
            setups[$0.request.recipient] ?? RecipientSetup(channels: [])
        }
        var changed: [Share] = []
        for prepared in prepared where !prepared.share.waitsForStaffAlone {
            let share = prepared.share
            let decision = Policy.decide(prepared.facts, rules: rules, tracing: false)
            let stays = share.state == .queued ? decision.mayLeave : share.failure == decision.code
            if stays { continue }
            let message = try enqueue(share, decision, in: connection)
            changed.append(
                try store.judge(prepared, decision: decision, message: message, by: actor, in: connection))
        }
        let stopped = changed.filter { $0.state != .queued }.compactMap(\.message).map(MessageID.init(rawValue:))
        let cause = Cause(code: "judged_again", text: "What is known of the person changed")
        _ = try queue.cancel(stopped, cause: cause, in: connection)
        return changed
    }

    private static func value(of subject: Subject, _ person: UUIDValue) -> Value {
        func instant(_ instant: Instant?) -> Value { instant.map { .string($0.rfc3339) } ?? .null }
        return [
            "person_id": .string(person.description),
            "support_ended_on": instant(subject.supportEndedOn),
            "retention_until": instant(subject.retentionUntil),
            "legal_hold": .bool(subject.hasLegalHold),
            "restricted_on": instant(subject.restrictedOn),
            "deceased_on": instant(subject.deceasedOn),
            "erasure": subject.erasure.map { .string($0.rawValue) } ?? .null,
            "objections": .array(subject.objections.map(\.rawValue).sorted().map(Value.string)),
            "care_status": subject.careStatus.map { .string($0.rawValue) } ?? .null,
            "dfe_programme": .bool(subject.isInDfEProgramme),
            "ipsos_link_consent": .bool(subject.hasIpsosLinkConsent),
        ]
    }
}

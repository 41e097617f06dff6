package import Disclosure
import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// Whether a named person's answer to a share is taken.
    package enum Answering: Sendable {
        /// The share with the facts of this moment, the approval among them. Its locks hold until the transaction ends.
        case taken(PreparedShare)
        case refused(ApprovalRefusal)
    }

    /// Locks a share that waits for a person and checks whether this answer is for this person to give.
    ///
    /// - Returns: Nothing when there is no such share.
    package func prepareAnswer(
        _ answer: NewApproval, to id: UUIDValue, in connection: Connection, recipient: (Share) throws -> RecipientSetup
    ) throws -> Answering? {
        let found = try prepare(of: [id], [.parked], stage: .request, in: connection, recipient: recipient)
        guard var prepared = found.first else {
            return try share(id, in: connection).map { _ in .refused(.notWaiting) }
        }
        let share = prepared.share
        let asker = share.request.requestedBy
        let earlier = [asker] + share.approvals.filter { $0.counts(for: prepared.facts.subject) }.map(\.approver)
        guard !earlier.contains(where: { Self.person($0) == Self.person(answer.approver) }) else {
            return .refused(.samePerson)
        }
        if let awaited = share.awaits, awaited != answer.role { return .refused(.otherRole(awaited)) }
        guard answer.isApproved else { return .taken(prepared) }
        guard share.awaits != nil else { return .refused(.otherRole(nil)) }
        // Whoever asked must be somebody, or nobody can be said to be somebody else.
        guard asker.contains("/") else { return .refused(.samePerson) }
        let isMissing = prepared.facts.request.authorityReference == nil && share.reason == Self.authorityRequired
        guard (answer.authorityReference != nil) == isMissing else { return .refused(.authority) }
        prepared.facts.request.authorityReference =
            answer.authorityReference.map(ShareRequest.word) ?? prepared.facts.request.authorityReference
        prepared.facts.request.approve(as: answer.role, by: answer.approver)
        return .taken(prepared)
    }

    /// What a person is known by inside the system that speaks for them, in small letters: whoever asks in one system and
    /// approves in another is still one person.
    private static func person(_ actor: String) -> String {
        (actor.split(separator: "/", omittingEmptySubsequences: false).last ?? "").lowercased()
    }

    private static let authorityRequired = ReasonCode.legalAuthorityRequired.rawValue

    /// Enters an approval, and the decision that it led to.
    ///
    /// - Parameter message: The queue's message that will send it, where the decision lets it leave.
    /// - Returns: The share as it stands from now on.
    package func approve(
        _ approval: NewApproval, _ prepared: PreparedShare, decision: Decision, message: Int64?,
        in connection: Connection
    ) throws -> Share {
        var writes = Pipeline()
        add(approval, on: prepared, at: Timestamp(decision.at), to: &writes)
        if let authority = prepared.facts.request.authorityReference, approval.authorityReference != nil {
            writes.add(
                "UPDATE record.share SET authority_ref = \(authority) WHERE id = \(prepared.share.id)",
                name: "record.name_authority")
        }
        let judged = try add(decision, about: prepared, message: message, by: approval.approver, to: &writes)
        _ = try connection.pipeline(writes)
        return try share(judged.id, in: connection) ?? judged
    }

    /// Enters that a named person does not let a share go. It is over.
    package func refuse(
        _ refusal: NewApproval, _ prepared: PreparedShare, at: Timestamp = .now(), in connection: Connection
    ) throws -> Share {
        var share = prepared.share
        share.state = share.queuedAt == nil ? .refused : .cancelled
        share.finishedAt = at
        share.failure = Self.notApproved
        share.released = []
        var writes = Pipeline()
        add(refusal, on: prepared, at: at, to: &writes)
        writes.add(
            """
            UPDATE record.share
            SET state = \(share.state.rawValue)::record.share_state, finished_at = \(at), failure = \(share.failure),
                released = '{}'
            WHERE id = \(share.id)
            """, name: "record.refuse_share")
        writes.add(finishingItems([share.id], by: refusal.approver, at: at), name: "record.finish_items_of_shares")
        _ = try connection.pipeline(writes)
        return share
    }

    /// The code of a share that a named person did not let go.
    private static let notApproved = "not_approved"

    /// The statements that keep an answer and enter it on the ledger.
    private func add(_ answer: NewApproval, on prepared: PreparedShare, at: Timestamp, to writes: inout Pipeline) {
        let share = prepared.share
        let words: Value = ["name": .string(answer.name), "reason": .string(answer.reason)]
        let sealed = vault.seal(
            StrictJSON.write(words), with: prepared.key, context: Place.approval(share.id, answer.approver))
        writes.add(
            """
            INSERT INTO record.share_approval (share, at, is_approved, role, approver, restricted_at, sealed_reason)
            VALUES (
                \(share.id), \(at), \(answer.isApproved), \(answer.role.rawValue)::record.approval_role,
                \(answer.approver), \(prepared.facts.subject.restrictedOn.map(Timestamp.init)), \(sealed)
            )
            """, name: "record.keep_approval")
        var fields: [LedgerField: String] = [
            .share: share.id.description, .person: share.request.person.description,
            .recipient: share.request.recipient, .actor: answer.approver, .role: answer.role.rawValue,
        ]
        fields[.reason] = share.failure
        fields[.authority] = prepared.facts.request.authorityReference
        writes.add(
            appending([entry(answer.isApproved ? .shareApproved : .shareNotApproved, at: at, fields)]),
            name: "ledger.append")
    }

    /// The statement that reads who let shares go on.
    func readingApprovals(of shares: [UUIDValue]) -> SQL {
        """
        SELECT share, role, approver, at, restricted_at
        FROM record.share_approval
        WHERE share = ANY (\(shares)) AND is_approved
        ORDER BY at
        """
    }

    /// Reads the result of ``readingApprovals(of:)``, by share.
    static func approvals(_ rows: QueryResult) throws -> [UUIDValue: [ShareApproval]] {
        var approvals: [UUIDValue: [ShareApproval]] = [:]
        for row in rows {
            let (share, role, approver, at, restrictedAt) = try row.decode(
                UUIDValue.self, ApprovalRole.self, String.self, Timestamp.self, Timestamp?.self)
            approvals[share, default: []].append(
                ShareApproval(role: role, approver: approver, at: at, restrictedOn: restrictedAt.map(Instant.init)))
        }
        return approvals
    }

    /// Who answered to a share, with name and reason; enters that they were looked at.
    package func answers(
        to id: UUIDValue, viewedBy actor: String, in connection: Connection
    ) throws -> [(answer: ShareApproval, name: String, reason: String)] {
        let rows = try connection.query(
            """
            SELECT role, approver, is_approved, at, sealed_reason, share.person, person_key.wrapped_key
            FROM record.share_approval
                JOIN record.share ON share.id = share_approval.share
                LEFT JOIN record.person_key USING (person)
            WHERE share_approval.share = \(id)
            ORDER BY at, approver
            """, name: "record.answers")
        let answers = try rows.map { row in
            let (role, approver, isApproved, at, sealed, person, wrapped) = try row.decode(
                ApprovalRole.self, String.self, Bool.self, Timestamp.self, [UInt8].self, UUIDValue.self, [UInt8]?.self)
            guard let wrapped else { throw CaseStoreError.keyDestroyed(person: person) }
            let place = Place.approval(id, approver)
            let bytes = try vault.open(sealed, with: vault.unwrap(wrapped), context: place)
            guard let words = try? StrictJSON.parse(bytes), let name = words["name"]?.stringValue,
                let reason = words["reason"]?.stringValue
            else { throw CaseStoreError.unreadable(place) }
            return (
                answer: ShareApproval(role: role, approver: approver, isApproved: isApproved, at: at), name: name,
                reason: reason
            )
        }
        if !answers.isEmpty { try append([entry(.view, [.share: id.description, .actor: actor])], in: connection) }
        return answers
    }
}

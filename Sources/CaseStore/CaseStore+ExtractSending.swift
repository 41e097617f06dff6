package import Disclosure
import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// The statement that keeps the package of an extract until its channel has it.
    ///
    /// - Parameter populationKey: That with which the populations of the extract are sealed.
    func waiting(_ extract: NewExtract, _ sending: NewExtract.Sending, populationKey: DataKey) -> SQL {
        let (key, wrapped) = vault.newDataKey()
        let linkable = ReleasedPopulations(cohort: sending.linkable, cells: [:]).bytes
        return """
            INSERT INTO record.extract_sending (
                extract, message, queued_at, expires_at, wrapped_key, sealed, sealed_linkable
            )
            VALUES (
                \(extract.id), \(sending.message), \(Timestamp(extract.decision.at)), \(sending.expiresAt), \(wrapped),
                \(vault.seal(sending.bytes, with: key, context: Place.package(extract.id))),
                \(vault.seal(linkable, with: populationKey, context: Place.linkable(extract.id)))
            )
            """
    }

    /// Locks an extract that waits to be sent and opens what it is judged on once more.
    ///
    /// Its row is held FOR UPDATE until the transaction ends: judge it, then commit that with ``begin(_:_:bytesHash:at:in:)``,
    /// and only then let bytes leave. Lock the persons of its cohort afterwards (``cohort(of:in:)``).
    ///
    /// - Returns: Nil when it does not wait; its message is to be acknowledged.
    package func prepareSending(ofExtract id: UUIDValue, in connection: Connection) throws -> PreparedExtract? {
        try prepared(id, [.queued, .sending], in: connection)
    }

    /// A delivered extract, to be judged once more while its recipient has not fetched it; nil when it is delivered no longer.
    package func prepareDelivered(extract id: UUIDValue, in connection: Connection) throws -> PreparedExtract? {
        try prepared(id, [.delivered], in: connection)
    }

    private func prepared(
        _ id: UUIDValue, _ states: [ExtractState], in connection: Connection
    ) throws -> PreparedExtract? {
        let rows = try connection.query(
            """
            SELECT
                recipient, project, level, released, policy_version, facts, made_at, attempts, expires_at, message,
                NOT may_repeat AND attempts > 0 AND coalesce(extract_sending.outcome, 'unknown') = 'unknown'
                    AS may_have_arrived,
                extract_sending.wrapped_key, extract_sending.sealed, sealed_linkable,
                extract_population.wrapped_key AS population_key, extract_population.sealed AS population
            FROM record.extract_sending
            JOIN record.extract ON extract.id = extract_sending.extract
            JOIN record.extract_population ON extract_population.extract = extract.id
            WHERE extract.id = \(id) AND state = ANY (\(states.map(\.rawValue))::record.extract_state[])
            FOR UPDATE OF extract_sending
            """, name: "record.lock_extract")
        guard let row = rows.first else { return nil }
        let (recipient, project) = (
            try row.value("recipient", as: String.self), try row.value("project", as: String.self)
        )
        guard let project = try extractProject(project, of: recipient, in: connection),
            let level = Level(rawValue: try row.value("level"))
        else { throw CaseStoreError.unreadable("record.extract") }
        let key = try vault.unwrap(row.value("population_key"), isRemembered: false)
        func populations(_ column: String, _ place: String) throws -> Set<Int64> {
            let bytes = try vault.open(row.value(column), with: key, context: place)
            guard let populations = ReleasedPopulations(bytes: bytes) else { throw CaseStoreError.unreadable(place) }
            return populations.cohort
        }
        let bytes = try row.value("wrapped_key", as: [UInt8]?.self).map { wrapped in
            try vault.open(
                row.value("sealed"), with: vault.unwrap(wrapped, isRemembered: false), context: Place.package(id))
        }
        let facts = DisclosureFacts.read(try StrictJSON.parse(row.value("facts", as: JSONB.self).bytes)).facts
        return PreparedExtract(
            id: id, project: project, level: level,
            released: Set(try row.value("released", as: [String].self).compactMap(FieldGroup.init)),
            policyVersion: try row.value("policy_version"), figures: facts.request.extract,
            madeAt: try row.value("made_at"), cohort: try populations("population", Place.population(id)),
            linkable: try populations("sealed_linkable", Place.linkable(id)), bytes: bytes,
            attempts: try row.value("attempts"), expiresAt: try row.value("expires_at"),
            message: try row.value("message"), mayHaveArrived: try row.value("may_have_arrived"))
    }

    /// Enters the release of an extract before its bytes leave: the attempt and the ledger's entry with the decision of this
    /// moment.
    package func begin(
        _ prepared: PreparedExtract, _ decision: Decision, bytesHash: [UInt8], in connection: Connection
    ) throws {
        precondition(decision.outcome.releases, "nothing leaves without a permit of this moment")
        let at = Timestamp(decision.at)
        let begun = try connection.execute(
            """
            UPDATE record.extract_sending
            SET state = 'sending', attempts = \(prepared.attempt), sent_at = \(at), outcome = NULL, may_repeat = false
            WHERE extract = \(prepared.id) AND state IN ('queued', 'sending')
            """, name: "record.begin_extract")
        guard begun == 1 else { throw CaseStoreError.wrongExtractState(prepared.id) }
        var fields = fields(prepared, decision)
        fields[.attempt] = String(prepared.attempt)
        fields[.bytesHash] = hexadecimal(bytesHash)
        try append([entry(.release, at: at, fields)], about: prepared.id, in: connection)
    }

    /// Enters that an extract may no longer leave as it is: its package is destroyed, and staff are shown that it is to be
    /// made anew.
    ///
    /// - Parameter code: Why: the decision's reason, or what has changed beneath it.
    package func refuse(
        _ prepared: PreparedExtract, _ decision: Decision, code: String, in connection: Connection
    ) throws {
        let at = Timestamp(decision.at)
        try connection.execute(
            """
            UPDATE record.extract_sending
            SET state = 'stale', finished_at = \(at), failure = \(code), \(Self.destroyed)
            WHERE extract = \(prepared.id)
            """, name: "record.refuse_extract")
        var fields = fields(prepared, decision)
        fields[.outcome] = decision.outcome.releases ? Outcome.deny.rawValue : decision.outcome.rawValue
        fields[.reason] = code
        fields[.released] = nil
        fields[.state] = ExtractState.stale.rawValue
        try append([entry(.shareDecided, at: at, fields)], about: prepared.id, in: connection)
        try add(
            NewWorkItem(kind: .failedExtract, code: code, extract: prepared.id, partner: prepared.project.recipient),
            at: at, in: connection)
    }

    /// Takes back an extract that waits for its sending, and destroys its package.
    ///
    /// - Returns: The message to cancel in the same transaction; nil when it does not wait.
    package func cancel(
        extract id: UUIDValue, by actor: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Int64?? {
        let rows = try connection.query(
            """
            UPDATE record.extract_sending
            SET state = 'cancelled', finished_at = \(at), \(Self.destroyed)
            FROM record.extract
            WHERE extract_sending.extract = \(id) AND extract.id = \(id) AND state IN ('queued', 'failed')
                AND sealed IS NOT NULL
            RETURNING message, recipient
            """, name: "record.cancel_extract")
        guard let (message, recipient) = try rows.first?.decode(Int64?.self, String.self) else { return nil }
        let fields: [LedgerField: String] = [
            .extract: id.description, .recipient: recipient, .state: ExtractState.cancelled.rawValue, .actor: actor,
        ]
        try append([entry(.releaseOutcome, at: at, fields)], about: id, in: connection)
        try finishItems(ofExtract: id, by: actor, at: at, in: connection)
        return .some(message)
    }

    private func fields(_ prepared: PreparedExtract, _ decision: Decision) -> [LedgerField: String] {
        var fields: [LedgerField: String] = [
            .extract: prepared.id.description, .recipient: prepared.project.recipient, .project: prepared.project.id,
            .purpose: prepared.project.purpose.rawValue, .channel: prepared.project.channel.rawValue,
            .level: prepared.level.rawValue, .stage: Stage.send.rawValue, .outcome: decision.outcome.rawValue,
            .reason: decision.reason.rawValue, .released: prepared.released.words.joined(separator: " "),
            .clauses: decision.clauses.joined(separator: " "),
            .obligations: decision.obligations.map(\.rawValue).sorted().joined(separator: " "),
            .policyVersion: decision.policyVersion, .actor: "hub",
        ]
        fields[.message] = prepared.message?.description
        return fields
    }

    /// What of a row is destroyed with the package.
    static let destroyed: SQL = "wrapped_key = NULL, sealed = NULL"

    /// Enters entries about one extract, so that its trace finds them.
    func append(_ entries: [LedgerEntry], about extract: UUIDValue, in connection: Connection) throws {
        var writes = Pipeline()
        writes.add(appending(entries), name: "ledger.append")
        writes.add(
            """
            INSERT INTO record.extract_entry (extract, entry)
            SELECT \(extract), unnest(\(entries.compactMap { UUIDValue($0.id) }))
            """, name: "record.note_extract_entries")
        _ = try connection.pipeline(writes)
    }

    /// Marks the work items of an extract as done.
    func finishItems(
        ofExtract id: UUIDValue, by actor: String, at: Timestamp, in connection: Connection
    ) throws {
        try connection.execute(
            """
            UPDATE record.work_item
            SET state = 'done', done_at = \(at), done_by = \(actor)
            WHERE extract = \(id) AND state = 'open'
            """, name: "record.finish_items_of_extract")
    }
}

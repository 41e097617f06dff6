import Crypto
package import Disclosure
import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// Lets one extract for a recipient be made at a time, until the transaction ends: of two at once, neither would be held
    /// against the other.
    package func lockExtracts(for recipient: String, in connection: Connection) throws {
        try connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext('record.extract/' || \(recipient)))", name: "record.lock_extracts")
    }

    /// Who is behind each earlier release to a recipient, whatever its project, with the level of each. One that did not leave
    /// and cannot any more is none.
    package func releasedPopulations(
        to recipient: String, in connection: Connection
    ) throws -> [(level: Level, populations: ReleasedPopulations)] {
        let rows = try connection.query(
            """
            SELECT extract.id, extract.level, extract_population.wrapped_key, extract_population.sealed
            FROM record.extract JOIN record.extract_population ON extract_population.extract = extract.id
            WHERE extract.recipient = \(recipient) AND \(Self.mayBeKnown)
            ORDER BY extract.id
            """, name: "record.extract_populations")
        return try rows.map { row in
            let (id, level, wrapped, sealed) = try row.decode(UUIDValue.self, String.self, [UInt8].self, [UInt8].self)
            let bytes = try vault.open(
                sealed, with: vault.unwrap(wrapped, isRemembered: false), context: Place.population(id))
            guard let level = Level(rawValue: level), let populations = ReleasedPopulations(bytes: bytes) else {
                throw CaseStoreError.unreadable(Place.population(id))
            }
            return (level, populations)
        }
    }

    /// What the earlier row extracts of a recipient, whatever their project, hold a later one to. The first fixes the day.
    package func earlierRows(of recipient: String, in connection: Connection) throws -> EarlierRows {
        let rows = try connection.query(
            """
            SELECT ages_on::text AS ages_on, row_area, row_age_width, has_sex
            FROM record.extract
            WHERE recipient = \(recipient) AND ages_on IS NOT NULL AND \(Self.mayBeKnown)
            ORDER BY id
            """, name: "record.earlier_rows")
        var earlier = EarlierRows()
        for row in rows {
            let area = try row.value("row_area", as: String?.self)
            let step = RowGeneralisation(
                area: area.flatMap(AreaLevel.init), ageWidth: try row.value("row_age_width"),
                hasSex: try row.value("has_sex"))
            guard let day = CalendarDate(iso: try row.value("ages_on")), step.area?.rawValue == area else {
                throw CaseStoreError.unreadable("record.extract")
            }
            earlier.agesOn = earlier.agesOn ?? day
            earlier.steps.append(step)
        }
        return earlier
    }

    /// What the recipient has, or may still be given.
    private static let mayBeKnown: SQL = """
        NOT EXISTS (
            SELECT
            FROM record.extract_sending
            WHERE extract_sending.extract = extract.id AND NOT has_left AND sealed IS NULL
        )
        """

    /// Enters an extract with its decision: a release before its bytes leave, one that waits to be sent, or a refusal.
    package func enter(_ extract: NewExtract, in connection: Connection) throws {
        let decision = extract.decision
        let stage: Stage = extract.sending == nil ? .send : .request
        precondition(
            decision.outcome.releases == (extract.content != nil)
                && (extract.facts.stage == stage || extract.content == nil),
            "nothing leaves without a permit of this moment")
        let facts = StrictJSON.write(extract.facts.value)
        let said = entry(
            extract.content == nil || extract.sending != nil ? .shareDecided : .release, at: Timestamp(decision.at),
            fields(extract, facts))
        let content = extract.content
        let excluded = Object(
            extract.excluded.sorted { $0.key.rawValue < $1.key.rawValue }.map { reason, count in
                (reason.rawValue, .number(String(count)))
            })
        var writes = Pipeline()
        writes.add(
            """
            INSERT INTO record.extract (
                id, entry, project_key, own_key, made_at, referred_from, referred_until, cohort, row_count, k, recipient,
                project, level, outcome, reason, policy_version, made_by, released, excluded, facts, bytes_hash, ages_on,
                row_area, row_age_width, has_sex
            )
            VALUES (
                \(extract.id), \(UUIDValue(said.id)), \(content?.projectKey.flatMap { UUIDValue($0.id) }),
                \(content?.ownKey.flatMap { UUIDValue($0.id) }), \(Timestamp(decision.at)),
                \(extract.days?.lowerBound.iso)::date, \(extract.days?.upperBound.iso)::date,
                \(extract.cohort), \(content?.rowCount), \(content?.k), \(extract.project.recipient),
                \(extract.project.id), \(level(extract)), \(decision.outcome.rawValue),
                \(decision.reason.rawValue), \(decision.policyVersion), \(extract.actor),
                \(decision.released.words), \(JSONB(StrictJSON.write(.object(excluded)))), \(JSONB(facts)),
                \(content?.bytesHash), \(content?.agesOn?.iso)::date, \(content?.step?.area?.rawValue),
                \(content?.step?.ageWidth), \(content?.step?.hasSex)
            )
            """, name: "record.enter_extract")
        if let content {
            let (key, wrapped) = vault.newDataKey()
            let sealed = vault.seal(content.populations.bytes, with: key, context: Place.population(extract.id))
            writes.add(
                """
                INSERT INTO record.extract_population (extract, wrapped_key, sealed)
                VALUES (\(extract.id), \(wrapped), \(sealed))
                """, name: "record.keep_population")
            if let sending = extract.sending {
                writes.add(waiting(extract, sending, populationKey: key), name: "record.extract_waits")
            }
        }
        writes.add(appending([said]), name: "ledger.append")
        _ = try connection.pipeline(writes)
    }

    /// Enters what became of the files of a release in their folder.
    package func finish(
        extract id: UUIDValue, _ outcome: ExtractOutcome, at: Timestamp = .now(), in connection: Connection
    ) throws {
        let fields: [LedgerField: String] = [
            .extract: id.description, .outcome: outcome.rawValue, .actor: "hub",
        ]
        try append([entry(.releaseOutcome, at: at, fields)], about: id, in: connection)
    }

    private func level(_ extract: NewExtract) -> String {
        extract.decision.level?.rawValue ?? extract.project.level.rawValue
    }

    private func fields(_ extract: NewExtract, _ facts: [UInt8]) -> [LedgerField: String] {
        let decision = extract.decision
        var fields: [LedgerField: String] = [
            .extract: extract.id.description, .recipient: extract.project.recipient, .project: extract.project.id,
            .purpose: extract.project.purpose.rawValue, .channel: extract.project.channel.rawValue,
            .level: level(extract), .stage: extract.facts.stage.rawValue, .outcome: decision.outcome.rawValue,
            .reason: decision.reason.rawValue, .asked: extract.project.groups.words.joined(separator: " "),
            .released: decision.released.words.joined(separator: " "),
            .clauses: decision.clauses.joined(separator: " "),
            .obligations: decision.obligations.map(\.rawValue).sorted().joined(separator: " "),
            .policyVersion: decision.policyVersion, .actor: extract.actor,
            .factsHash: hexadecimal(Array(SHA256.hash(data: facts))),
        ]
        let keys = [extract.content?.projectKey, extract.content?.ownKey].compactMap { $0?.id }
        if !keys.isEmpty { fields[.pseudonymKey] = keys.joined(separator: " ") }
        fields[.bytesHash] = extract.content.map { hexadecimal($0.bytesHash) }
        if let sending = extract.sending {
            fields[.state] = ExtractState.queued.rawValue
            fields[.message] = String(sending.message)
        }
        return fields
    }
}

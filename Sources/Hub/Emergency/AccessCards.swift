import CaseStore
import Disclosure
import EmergencyAccess
package import Postgres
package import Referral

/// What staff do for emergency access: they keep the cards, review the looks, and tell a person who looked.
package struct AccessCards: Sendable {
    let database: Database
    let store: CaseStore
    /// The names of control rooms.
    let register: RecipientRegister
    /// In bytes.
    static let longestNote = 2_000

    package init(_ installation: Installation) {
        let installation = installation.acting(as: .console)
        database = installation.database
        store = installation.store
        register = installation.policy.inForce.register
    }

    /// Saves a person's access card, in place of the last.
    ///
    /// - Returns: `{person_id, version, valid_until}`; nil when there is no such person.
    /// - Throws: ``RequestError`` naming everything that is wrong with the card.
    package func save(_ body: [UInt8], of person: UUIDValue, by actor: String) async throws -> Value? {
        let card = try Self.card(body)
        let version = try await database.transaction { [store] connection in
            try store.saveAccessCard(
                StrictJSON.write(card.stored), of: person, verifiedOn: card.verifiedOn, validUntil: card.validUntil,
                by: actor, in: connection)
        }
        return version.map { version in
            [
                "person_id": .string(person.description), "version": .number(String(version)),
                "valid_until": .string(card.validUntil.iso),
            ]
        }
    }

    /// Saves the access cards of many persons in one transaction, each in place of the last: for a measurement, which
    /// needs thousands.
    ///
    /// - Returns: Those whose card was saved: nobody whose key was destroyed.
    /// - Throws: ``RequestError`` naming everything that is wrong with the first card that is not right.
    package func save(
        _ bodies: [(person: UUIDValue, body: [UInt8])], by actor: String
    ) async throws -> Set<UUIDValue> {
        let cards = try bodies.map { (person: $0.person, card: try Self.card($0.body)) }
        return try await database.transaction { [store] connection in
            var saved: Set<UUIDValue> = []
            for (person, card) in cards {
                let version = try store.saveAccessCard(
                    StrictJSON.write(card.stored), of: person, verifiedOn: card.verifiedOn,
                    validUntil: card.validUntil, by: actor, in: connection)
                if version != nil { saved.insert(person) }
            }
            return saved
        }
    }

    private static func card(_ body: [UInt8]) throws -> AccessCard {
        let document: Value
        do {
            document = try StrictJSON.parse(body)
        } catch {
            throw RequestError(findings: [error.finding])
        }
        let today = LondonTime.clock(Instant(microseconds: Timestamp.now().microseconds)).date
        do throws(AccessCard.Mistaken) {
            return try AccessCard(document, today: today)
        } catch {
            throw RequestError(findings: error.findings)
        }
    }

    /// A person's access card as it was saved, with `version`, `saved_at` and `saved_by`. The look is on the ledger.
    package func read(_ person: UUIDValue, by actor: String) async throws -> Value? {
        let kept = try await database.transaction { [store] connection in
            try store.accessCard(of: person, viewedBy: actor, in: connection)
        }
        guard let kept, let card = AccessCard(stored: try StrictJSON.parse(kept.bytes)) else { return nil }
        var value = card.document
        value["version"] = .number(String(kept.version))
        value["saved_at"] = .string(kept.savedAt.rfc3339)
        value["saved_by"] = .string(kept.savedBy)
        return value
    }

    /// Takes a person's access card away.
    ///
    /// - Returns: Whether there was one.
    package func remove(_ person: UUIDValue, by actor: String) async throws -> Bool {
        try await database.transaction { [store] connection in
            try store.removeAccessCard(of: person, by: actor, in: connection)
        }
    }

    /// Looks of control rooms: those to be reviewed, soonest first; or all, the latest first. Reading them is on the ledger.
    package func looks(unreviewed: Bool, limit: Int, by actor: String) async throws -> [Value] {
        try await database.transaction { [store] connection in
            try store.looks(unreviewed: unreviewed, limit: limit, viewedBy: actor, in: connection)
        }.map(Self.value)
    }

    /// One look, with whom it found and what was told of each; nil where there is none. Reading it is on the ledger.
    func look(_ id: UUIDValue, by actor: String) async throws -> (look: ReviewedLook, found: [EmergencyLook.Found])? {
        try await database.transaction { [store] connection in try store.look(id, viewedBy: actor, in: connection) }
    }

    private static func value(_ look: ReviewedLook) -> Value {
        var value: Value = [
            "lookup_id": .string(look.id.description), "at": .string(look.at.rfc3339),
            "control_room": .string(look.caller), "kind": .string(look.kind.rawValue),
            "outcome": .string(look.outcome.rawValue), "offline": .bool(look.isOffline),
            "repeated": .bool(look.isRepeated), "unproved": .bool(look.isUnproved),
            "review_by": .string(look.reviewBy.rfc3339),
            "persons": .array(look.persons.map { .string($0.description) }), "asked": look.details,
        ]
        value["reviewed_at"] = look.reviewedAt.map { .string($0.rfc3339) }
        value["reviewed_by"] = look.reviewedBy.map(Value.string)
        value["note"] = look.note.map(Value.string)
        return value
    }

    /// Enters that somebody has looked into a look: `{note}`.
    ///
    /// - Returns: False where there is no such look, or it was reviewed before.
    /// - Throws: ``RequestError``.
    package func review(_ body: [UInt8], of look: UUIDValue, by actor: String) async throws -> Bool {
        var reader = try RequestReader(body)
        reader.refuse(unless: ["note"], "Is not part of a review")
        let note = reader.text("note", required: true, longest: Self.longestNote)
        try reader.finish()
        return try await database.transaction { [store] connection in
            try store.review(look: look, note: note ?? "", by: actor, in: connection)
        }
    }
}

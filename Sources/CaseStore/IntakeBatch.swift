import Ledger
import Matching
import Postgres
import Referral
import Vault

/// The storing of several documents' messages in the caller's transaction, in as few round trips as their order allows.
///
/// Messages that may be about the same person, or answer one another, are stored one after the other, in *rounds*; all
/// others together. A round takes at most four round trips: what its messages are judged by is read (``IntakeReads``, two),
/// new persons are made, and the rest is written (``IntakeWrites``).
struct IntakeBatch {
    let store: CaseStore
    let connection: Connection
    let intakes: [IntakeRecord]
    let now: Timestamp

    /// What became of the messages, by document and in the order of each document's items.
    private var results: [[IntakeResult?]]

    /// Messages of one round at most, so that a statement's parameters stay small however long a table is.
    static let longestRound = 500

    init(store: CaseStore, connection: Connection, intakes: [IntakeRecord], now: Timestamp) {
        self.store = store
        self.connection = connection
        self.intakes = intakes
        self.now = now
        results = intakes.map { Array(repeating: nil, count: $0.items.count) }
    }

    /// An entry, and where its result stands.
    private struct Placed {
        let intake: Int
        let item: Int
        let entry: IntakeEntry
    }

    mutating func run() throws -> [[IntakeResult]] {
        let stored = try IntakeReads.stored(of: intakes.map(\.receipt), in: connection)
        var waiting: [Placed] = []
        for (number, intake) in intakes.enumerated() {
            for (place, item) in intake.items.enumerated() {
                if let before = stored[.init(receipt: intake.receipt, ordinal: item.ordinal)] {
                    results[number][place] = .stored(before)
                } else {
                    let entry = IntakeEntry(item, of: intake, vault: store.vault)
                    waiting.append(Placed(intake: number, item: place, entry: entry))
                }
            }
        }
        for round in Self.rounds(waiting) {
            var later = try self.round(round)
            // Persons whom others have just made are found now, and held in one order by everybody.
            if !later.isEmpty { later = try self.round(later) }
            // What only the database could tell to belong together is stored one after the other.
            while !later.isEmpty { later = try self.round([later.removeFirst()]) + later }
        }
        try finish()
        return results.map { $0.map { $0 ?? .rejected } }
    }

    /// Each message after those that share something with it and stand before it, as early as that allows.
    private static func rounds(_ waiting: [Placed]) -> [[Placed]] {
        var rounds: [[Placed]] = []
        var last: [[UInt8]: Int] = [:]
        for placed in waiting {
            var number = (placed.entry.touches.compactMap { last[$0] }.max() ?? -1) + 1
            while rounds.indices.contains(number), rounds[number].count >= longestRound { number += 1 }
            if number == rounds.count { rounds.append([]) }
            rounds[number].append(placed)
            for touch in placed.entry.touches { last[touch] = number }
        }
        return rounds
    }

    /// Stores what can be stored together, in order, and gives back the rest.
    private mutating func round(_ chosen: [Placed]) throws -> [Placed] {
        let matcher = try store.population.matcher(vault: store.vault, in: connection)
        let reads = try IntakeReads(for: chosen.map(\.entry), by: matcher, vault: store.vault, in: connection)
        var made = NewcomerIndex(matcher)
        var writes = IntakeWrites(store: store)
        var changed: Set<UUIDValue> = []
        var later: [Placed] = []
        var settled: [(placed: Placed, fate: IntakeFate)] = []
        for placed in chosen {
            // Whoever looks at a person sees what the messages before have made of them.
            let regarded = reads.regarded(by: placed.entry)
            guard changed.isDisjoint(with: regarded) else {
                changed.formUnion(regarded)
                later.append(placed)
                continue
            }
            let fate = made.complete(try reads.fate(of: placed.entry, now: now, by: matcher, vault: store.vault))
            if let person = fate.person { changed.insert(person.id) }
            settled.append((placed, fate))
        }
        let isMade = try make(settled.compactMap { $0.fate.newPerson })
        var refused: Set<UUIDValue> = []
        for new in settled.compactMap({ $0.fate.newPerson }) where !isMade.contains(new.id) { refused.insert(new.id) }
        writes.histories = try histories(of: settled.compactMap { $0.fate.overtaken(by: $0.placed.entry) })
        for (placed, fate) in settled {
            // Another transaction made this person a moment ago and has committed: the holder is found next time.
            if let new = fate.newPerson, refused.contains(new.id) {
                later.append(placed)
            } else {
                results[placed.intake][placed.item] = try writes.add(
                    placed.entry, fate.without(refused), openCases: reads.openCases)
            }
        }
        _ = try connection.pipeline(writes.pipeline)
        try store.withdraw(writes.withdrawals, in: connection)
        return later.sorted { ($0.intake, $0.item) < ($1.intake, $1.item) }
    }

    /// Makes persons, each with a data key of their own, and tells which; another transaction may have made one with the
    /// same NHS number.
    private func make(_ persons: [NewPerson]) throws -> Set<UUIDValue> {
        guard !persons.isEmpty else { return [] }
        var making = Pipeline()
        making.add(
            """
            INSERT INTO record.person (
                id, created_at, profile_at, nhs_index, dob_index, sealed_profile, sealed_fingerprint
            )
            SELECT id, made_at, profile_at, nhs_index, dob_index, sealed_profile, sealed_fingerprint
            FROM unnest(
                \(persons.map(\.id)), \(persons.map(\.madeAt)), \(persons.map(\.profileAt)), \(persons.map(\.nhs)),
                \(persons.map(\.birthDate)), \(persons.map(\.sealedProfile)), \(persons.map(\.sealedFingerprint))
            ) AS new (id, made_at, profile_at, nhs_index, dob_index, sealed_profile, sealed_fingerprint)
            ORDER BY nhs_index
            ON CONFLICT (nhs_index) DO NOTHING
            """, name: "record.make_persons")
        // The ids are new: whoever is there under one was made now.
        making.add(
            """
            INSERT INTO record.person_key (person, made_at, wrapped_key)
            SELECT new.id, new.made_at, new.wrapped_key
            FROM unnest(\(persons.map(\.id)), \(persons.map(\.madeAt)), \(persons.map(\.wrappedKey)))
                AS new (id, made_at, wrapped_key)
                JOIN record.person ON person.id = new.id
            RETURNING person
            """, name: "record.make_person_keys")
        let made: Set<UUIDValue> = Set(try connection.pipeline(making)[1].decode(UUIDValue.self))
        store.population.note(made: made.count)
        return made
    }

    /// All that was told of these persons so far, in the order in which it was sent.
    private func histories(of persons: [HeldPerson]) throws -> [UUIDValue: [IntakeWrites.Told]] {
        guard !persons.isEmpty else { return [:] }
        let keys = try Dictionary(uniqueKeysWithValues: persons.map { ($0.id, try store.key(of: $0)) })
        let rows = try connection.query(
            """
            SELECT person, id, sent_at, sealed
            FROM record.referral
            WHERE person = ANY (\(persons.map(\.id))) AND type IN ('referral', 'update', 'notice')
            ORDER BY sent_at, received_at, submission, ordinal
            """, name: "record.histories")
        return try rows.reduce(into: [:]) { histories, row in
            let (person, id, at, sealed) = try row.decode(
                UUIDValue.self, UUIDValue.self, Timestamp.self, [UInt8].self)
            guard let key = keys[person] else { return }
            let referral = try store.referral(sealed, with: key, at: Place.referral(id))
            histories[person, default: []].append(.init(at: at, referral: referral))
        }
    }

    /// Enters what became of the documents, since when whole files are kept, and when those of which nothing is kept are
    /// destroyed. One of which a part awaits an earlier message is not finished.
    private func finish() throws {
        var writes = IntakeWrites(store: store)
        let finished = zip(intakes, results).filter { !$1.contains(.awaiting) }.map(\.0)
        writes.finish(finished)
        writes.keepFiles(finished.filter { $0.file != nil })
        for (intake, results) in zip(intakes, results)
        where !results.isEmpty && results.allSatisfy({ $0 == .unknownPerson }) {
            writes.destroy(intake.receipt, at: intake.receivedAt + .seconds(86_400))
        }
        _ = try connection.pipeline(writes.pipeline)
    }
}

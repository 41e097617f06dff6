import Ledger
import Postgres
import Referral
import Vault

/// The storing of several documents' messages in the caller's transaction, in as few round trips as their order allows.
///
/// Messages that may be about the same person, or answer one another, are stored one after the other, in *rounds*; all
/// others together. A round takes three round trips: what its messages are judged by is read (``IntakeReads``), new
/// persons are made, and the rest is written (``IntakeWrites``).
struct IntakeBatch {
    let store: CaseStore
    let connection: Connection
    let intakes: [IntakeRecord]

    /// What became of the messages, by document and in the order of each document's items.
    private var results: [[IntakeResult?]]
    private var isFirstRound = true

    init(store: CaseStore, connection: Connection, intakes: [IntakeRecord]) {
        self.store = store
        self.connection = connection
        self.intakes = intakes
        results = intakes.map { Array(repeating: nil, count: $0.items.count) }
    }

    /// Where an entry's result stands.
    private struct Slot: Hashable {
        let intake: Int
        let item: Int
    }

    mutating func run() throws -> [[IntakeResult]] {
        var waiting: [(slot: Slot, entry: IntakeEntry)] = []
        for (number, intake) in intakes.enumerated() {
            for (place, item) in intake.items.enumerated() {
                let entry = IntakeEntry(item, of: intake, vault: store.vault)
                waiting.append((Slot(intake: number, item: place), entry))
            }
        }
        repeat { try round(&waiting) } while !waiting.isEmpty
        return results.map { $0.map { $0 ?? .rejected } }
    }

    /// Stores what can be stored together, and leaves the rest waiting.
    private mutating func round(_ waiting: inout [(slot: Slot, entry: IntakeEntry)]) throws {
        var touched: Set<[UInt8]> = []
        var chosen: [(slot: Slot, entry: IntakeEntry)] = []
        var later: [(slot: Slot, entry: IntakeEntry)] = []
        for one in waiting {
            if touched.isDisjoint(with: one.entry.touches) { chosen.append(one) } else { later.append(one) }
            touched.formUnion(one.entry.touches)
        }
        let reads = try IntakeReads(
            for: chosen.map(\.entry), of: isFirstRound ? intakes.map(\.receipt) : [], vault: store.vault, in: connection
        )
        var writes = IntakeWrites(store: store)
        var persons: Set<UUIDValue> = []
        var settled: [(slot: Slot, entry: IntakeEntry, fate: IntakeFate)] = []
        for (slot, entry) in chosen {
            if let stored = reads.stored[.init(receipt: entry.intake.receipt, ordinal: entry.item.ordinal)] {
                results[slot.intake][slot.item] = .stored(stored)
                continue
            }
            let fate = try reads.fate(of: entry, vault: store.vault)
            // Two messages about one person are stored in their order, the second upon what the first has changed.
            if let person = fate.person, !persons.insert(person).inserted {
                later.append((slot, entry))
            } else {
                settled.append((slot, entry, fate))
            }
        }
        let made = try make(settled.compactMap { $0.fate.newPerson })
        for (slot, entry, fate) in settled {
            // Another transaction made this person a moment ago and has committed: the holder is found next time.
            if let new = fate.newPerson, !made.contains(new.id) {
                later.append((slot, entry))
            } else {
                results[slot.intake][slot.item] = try writes.add(entry, fate, openCases: reads.openCases)
            }
        }
        later.sort { ($0.slot.intake, $0.slot.item) < ($1.slot.intake, $1.slot.item) }
        if later.isEmpty { finish(in: &writes) }
        _ = try connection.pipeline(writes.pipeline)
        isFirstRound = false
        waiting = later
    }

    /// Makes persons, each with a data key of their own, and tells which; another transaction may have made one with the
    /// same NHS number.
    private func make(_ persons: [NewPerson]) throws -> Set<UUIDValue> {
        guard !persons.isEmpty else { return [] }
        return Set(
            try connection.query(
                """
                WITH new AS (
                    SELECT *
                    FROM unnest(
                        \(persons.map(\.id)), \(persons.map(\.madeAt)), \(persons.map(\.profileAt)), \(persons.map(\.nhs)),
                        \(persons.map(\.birthDate)), \(persons.map(\.sealedProfile)), \(persons.map(\.wrappedKey))
                    ) AS new (id, made_at, profile_at, nhs_index, dob_index, sealed_profile, wrapped_key)
                ), person AS (
                    INSERT INTO record.person (id, created_at, profile_at, nhs_index, dob_index, sealed_profile)
                    SELECT id, made_at, profile_at, nhs_index, dob_index, sealed_profile
                    FROM new
                    ORDER BY nhs_index
                    ON CONFLICT (nhs_index) DO NOTHING
                    RETURNING id
                )
                INSERT INTO record.person_key (person, made_at, wrapped_key)
                SELECT id, made_at, wrapped_key
                FROM person JOIN new USING (id)
                RETURNING person
                """, name: "record.make_persons"
            ).decode(UUIDValue.self))
    }

    /// Enters what became of the documents, and when those of which nothing is kept are destroyed.
    private func finish(in writes: inout IntakeWrites) {
        writes.finish(intakes)
        for (intake, results) in zip(intakes, results)
        where !results.isEmpty && results.allSatisfy({ $0 == .unknownPerson }) {
            writes.destroy(intake.receipt, at: intake.receivedAt + .seconds(86_400))
        }
    }
}

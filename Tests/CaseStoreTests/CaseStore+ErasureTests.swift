import Disclosure
import Foundation
import Ledger
import Postgres
import Referral
import TestSupport
import Testing
import Vault

@testable import CaseStore

@Suite(.store) struct CaseStoreErasureTests {
    private static let project = ExtractProject(
        recipient: "necs", id: "planning-2026", purpose: .healthPlanning, level: .anonymised,
        groups: [.demographics, .needs], channel: .mesh, starts: CalendarDate(iso: "2026-03-01")!,
        ends: CalendarDate(iso: "2026-12-31")!, destroyBy: CalendarDate(iso: "2027-12-31")!)

    private func erase(_ person: UUIDValue, _ f: Fixture) async throws -> Erasure {
        try await f.transaction { connection in
            try f.store.erase(person, authority: "dsr-17", by: "dpo-1", at: f.now, in: connection)
        }
    }

    private func erased(_ person: UUIDValue, _ f: Fixture) async throws -> ErasedPerson {
        guard case .erased(let erased) = try await erase(person, f) else { throw Unexpected() }
        return erased
    }

    private func look(
        at person: UUIDValue, asked name: String, _ f: Fixture, isReviewed: Bool = true
    ) async throws -> UUIDValue {
        let look = EmergencyLook(
            id: .v7(), at: f.now, kind: .look, outcome: .card, caller: "emas", incident: "cr-\(name)", isOffline: false,
            policyVersion: "notice-1", found: [.init(person: person, released: [.name])],
            details: ["family": .string(name)])
        _ = try await f.transaction {
            try f.store.enter([look], node: "a", reviewed: .seconds(3600), at: f.now, in: $0)
        }
        if isReviewed {
            #expect(
                try await f.transaction {
                    try f.store.review(look: look.id, note: "\(name) again", at: f.now, by: "duty-1", in: $0)
                })
        }
        return look.id
    }

    private func extract(of persons: [UUIDValue], _ text: String, _ f: Fixture) async throws -> UUIDValue {
        let facts = Self.project.facts(
            about: .anybody, isSuspended: false, channels: [.mesh], extract: .init(cohort: 12), stage: .request,
            at: f.now)
        var new = NewExtract(
            id: .v7(), project: Self.project, decision: Policy.decide(facts), facts: facts, days: nil, actor: "command")
        new.cohort = 12
        let marks = Set(persons.map { f.store.vault.blindNumber(.cohort, $0.bytes) })
        new.content = .init(
            rowCount: 3, k: nil, projectKey: nil, ownKey: nil,
            populations: ReleasedPopulations(cohort: marks, cells: [:]), bytesHash: Array(repeating: 7, count: 32))
        new.sending = .init(
            bytes: Array(text.utf8), linkable: [], message: 4711, expiresAt: f.now + .seconds(3600))
        let extract = new
        try await f.transaction { connection in
            _ = try f.store.add(Self.project, at: f.now, by: "command", in: connection)
            try f.store.enter(extract, in: connection)
        }
        return extract.id
    }

    @Test func `no value is shown of what was destroyed since it was read`() async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission("m-1", "PID|1||MAYFLY"))
            let item = IntakeItem(
                ordinal: 0, status: .accepted, referral: f.referral(id: "r-1", family: "MAYFLY"), opensCase: true)
            guard case .stored(let stored) = try await f.take([item], receipt)[0] else { throw Unexpected() }
            func enter(_ part: LedgerPart, about: [LedgerField: UUIDValue]) async throws -> UUIDValue {
                let reveal = Reveal(
                    id: .v7(), part: part, field: "person.family", reason: "to_check_an_identity", reference: nil,
                    about: about)
                try await f.transaction(as: .console) { try f.store.enter(reveal, by: "staff/1", in: $0) }
                return reveal.id
            }
            let about: [LedgerField: UUIDValue] = [.submission: receipt, .person: stored.person]
            _ = try await enter(.understood, about: about)
            _ = try await enter(.received, about: about)
            let before = try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'view'", as: Int.self)
            _ = try await erased(stored.person, f)
            for part in [LedgerPart.received, .understood, .sent] {
                await #expect(throws: CaseStoreError.keyDestroyed(person: stored.person)) {
                    _ = try await enter(part, about: about)
                }
            }
            await #expect(throws: CaseStoreError.self) { _ = try await enter(.received, about: [.submission: receipt]) }
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'view'", as: Int.self) == before)
        }
    }

    /// Somebody of whom the hub keeps everything that it can.
    private func keep(_ family: String, nhs: String?, _ f: Fixture) async throws -> UUIDValue {
        let receipt = try await f.accept(f.submission("m-\(family)", "PID|1||\(family)"))
        let items = [
            IntakeItem(
                ordinal: 0, status: .accepted, referral: f.referral(id: "r-\(family)", nhs: nhs, family: family),
                opensCase: true)
        ]
        guard case .stored(let stored) = try await f.take(items, receipt)[0] else { throw Unexpected() }
        let person = stored.person
        let agreement = NewAgreement(
            person: person, signedOn: f.now - .seconds(9), signedBy: .attorney,
            authorityEvidence: "Mother of \(family)",
            scope: [.init(recipient: "derby_homes", purposes: [.housingSupport])])
        _ = try await f.transaction { try f.store.add(agreement, by: "staff:1", in: $0) }
        let sent = try await f.share(person)
        _ = try #require(try await f.begin(sent.id))
        try await f.transaction {
            try f.store.finishRelease(of: sent.id, attempt: 1, outcome: .delivered(reference: nil), in: $0)
        }
        _ = try await f.share(person)
        let concern = try await f.concern(person)
        let approval = NewApproval(
            role: .officer, isApproved: false, approver: "a/officer-1", name: "Pat Officer", reason: "\(family) is safe"
        )
        _ = try await f.transaction { connection in
            guard
                case .taken(let prepared)? = try f.store.prepareAnswer(
                    approval, to: concern.id, in: connection, recipient: { _ in f.setup })
            else { throw Unexpected() }
            _ = try f.store.refuse(approval, prepared, in: connection)
        }
        _ = try await f.transaction { connection in
            _ = try f.store.layInPortal(
                Array("Copy for \(family)".utf8), of: sent.id, fileName: "COPY.pdf", mediaType: "application/pdf",
                at: f.now, in: connection)
            _ = try f.store.saveAccessCard(
                Array("\(family): second door".utf8), of: person, verifiedOn: CalendarDate(iso: "2026-03-01")!,
                validUntil: CalendarDate(iso: "2027-03-01")!, by: "staff:1", in: connection)
        }
        _ = try await look(at: person, asked: family, f)
        return person
    }

    /// What opens in the whole database by any key that it still holds, tried at every place that its row can name: by table and column,
    /// the texts.
    private func opened(_ f: Fixture, by store: CaseStore? = nil) async throws -> [String: [String]] {
        let store = store ?? f.store
        let database = TestDatabase.current.database
        let columns = try await database.query(
            """
            SELECT table_schema || '.' || table_name, column_name::text
            FROM information_schema.columns
            WHERE data_type = 'bytea' AND column_name LIKE 'sealed%' AND table_schema IN ('record', 'access')
            ORDER BY 1, 2
            """
        ).decode(String.self, String.self)
        #expect(columns.count >= 17)
        var keys: [DataKey] = []
        for table in WrappedKeys.allCases {
            keys += try await f.transaction { connection in
                try store.wrapped(table, after: nil, in: connection).map { try store.vault.unwrap($0.wrapped) }
            }
        }
        var found: [String: [String]] = [:]
        for (table, column) in columns {
            let rows = try await database.query(
                SQL(
                    trusting:
                        "SELECT \(column), (to_jsonb(t) - '\(column)')::text FROM \(table) AS t WHERE \(column) IS NOT NULL"
                )
            ).decode([UInt8].self, String.self)
            for (sealed, text) in rows {
                let row = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
                let words = row.values.compactMap { $0 as? String }
                let places = words.flatMap { id in
                    ["", "/provenance", "/source", "/fingerprint", "/note", "/linkable"].map { "\(table)/\(id)\($0)" }
                        + words.map { "\(table)/\(id)/\($0)" }
                }
                for place in Set(places) {
                    for key in keys {
                        guard let bytes = try? store.vault.open(sealed, with: key, context: place) else { continue }
                        found["\(table).\(column)", default: []].append(String(decoding: bytes, as: UTF8.self))
                    }
                }
            }
        }
        return found
    }

    private func places(_ opened: [String: [String]], with name: String) -> Set<String> {
        Set(opened.filter { $0.value.contains { $0.contains(name) } }.keys)
    }

    @Test func `of an erased person nothing opens anywhere, and of others everything`() async throws {
        try await Fixture.run { f in
            let person = try await keep("Canary", nhs: "9990000018", f)
            let other = try await keep("Kanary", nhs: nil, f)
            _ = try await extract(of: [person], "row of Canary", f)
            let match = try #require(
                try await f.transaction { try f.store.waitingMatches(of: other, in: $0) }.first { $0.known == person })
            _ = try await f.transaction {
                try f.store.decide(match.id, .different, by: "staff:1", reason: "Canary is taller", at: f.now, in: $0)
            }
            let before = try await opened(f)
            let all: Set = [
                "record.document.sealed", "record.person.sealed_profile", "record.referral.sealed",
                "record.agreement.sealed_evidence", "record.share_approval.sealed_reason",
                "record.portal_document.sealed", "access.card.sealed", "access.look.sealed", "access.look.sealed_note",
            ]
            let apart: Set = ["record.extract_sending.sealed", "record.match_decision.sealed_reason"]
            #expect(places(before, with: "Canary").isSuperset(of: all.union(apart)))
            #expect(places(before, with: "Kanary").isSuperset(of: all))
            let decisions = before["record.decision.sealed_facts"]?.count ?? 0
            #expect(before["record.match.sealed_evidence"]?.count == 1)

            let result = try await erased(person, f)
            #expect(result.persons == [person] && result.documents == 1 && result.sharedDocuments == 0)
            #expect(result.looks == 1 && result.shares.count == 1 && result.extracts.count == 1)
            #expect(result.recipients == ["derby_homes"])
            let after = try await opened(f)
            #expect(places(after, with: "Canary") == [])
            #expect(places(after, with: "Kanary").isSuperset(of: all))
            #expect(after["record.decision.sealed_facts"]?.count == decisions / 2)
            #expect(after["record.person.sealed_fingerprint"]?.count == 1)
            #expect(after["record.match.sealed_evidence"] == nil)
        }
    }

    @Test func `wrapped anew, and put back out of a backup, all that opened opens by the new key alone`() async throws {
        try await Fixture.run { f in
            let person = try await keep("Canary", nhs: "9990000018", f)
            _ = try await extract(of: [person], "row of Canary", f)
            _ = try await f.transaction { try f.store.pseudonymKey(of: Self.project, in: $0) }
            let before = try await opened(f).mapValues { $0.sorted() }
            #expect(Set(before.keys).count > 12 && before["record.pseudonym_key.sealed_secret"]?.count == 1)
            let ring = f.ring.adding(madeOn: "2026-11-30")
            let vault = Vault(ring: ring)
            vault.use(ring.keys[1].mark)
            let rotating = CaseStore(vault: vault)
            var old: [WrappedKeys: [WrappedKey]] = [:]
            var new: [WrappedKeys: [WrappedKey]] = [:]
            for keys in WrappedKeys.allCases {
                old[keys] = try await f.transaction { try f.store.wrapped(keys, after: nil, in: $0) }
                let part = try await f.transaction { try rotating.rewrap(keys, after: nil, in: $0) }
                #expect(part?.rewrapped == old[keys]?.count && part?.foreign == 0, "\(keys)")
                new[keys] = try await f.transaction { try f.store.wrapped(keys, after: nil, in: $0) }
            }
            let alone = CaseStore(vault: Vault(ring: try #require(ring.retiring(ring.keys[0].mark))))
            #expect(try await opened(f, by: alone).mapValues { $0.sorted() } == before)
            // As a copy of the whole cluster from before brings it back.
            for keys in WrappedKeys.allCases {
                let (former, kept) = (try #require(old[keys]), try #require(new[keys]))
                let stale = try await f.transaction { connection in
                    // The old key's own store finds the new form unreadable.
                    try f.store.restore(former, of: keys, in: connection)
                }
                #expect(stale == former.count, "\(keys)")
                #expect(try await f.transaction { try alone.restore(kept, of: keys, in: $0) } == kept.count, "\(keys)")
                #expect(try await f.transaction { try alone.restore(former, of: keys, in: $0) } == 0, "\(keys)")
            }
            #expect(try await opened(f, by: alone).mapValues { $0.sorted() } == before)
        }
    }

    @Test func `an erased person is found by nothing, waits for nothing, and is told to nobody`() async throws {
        try await Fixture.run { f in
            let person = try await keep("Canary", nhs: "9990000018", f)
            let queued = try await f.share(person)
            let mark = try await f.transaction { try f.store.accessCardChanges(since: nil, in: $0).mark }
            let result = try await erased(person, f)
            let message = try #require(queued.message)
            #expect(result.shares.contains(queued.id) && result.messages.contains(message))
            #expect(try await f.begin(queued.id) == nil)
            let share = try #require(try await f.transaction { try f.store.share(queued.id, in: $0) })
            #expect((share.state, share.failure) == (.cancelled, "record_erased"))
            let later = try await f.share(person)
            #expect((later.state, later.reason) == (.refused, "record_erased"))
            #expect(try await f.transaction { try f.store.persons(withNHSNumber: "9990000018", in: $0) } == [])
            let changes = try await f.transaction { try f.store.accessCardChanges(since: mark, in: $0) }
            #expect(changes.cards.isEmpty && changes.gone == [person] && changes.unreadable.isEmpty)
            #expect(try await f.transaction { try f.store.portalDocuments(in: $0) }.isEmpty)
            #expect(try await f.transaction { try f.store.accessCard(of: person, viewedBy: "x", in: $0) } == nil)
            for table in ["person_identifier", "match_key", "person_key"] {
                let count: Int = try await f.value(
                    SQL(trusting: "SELECT count(*) FROM record.\(table) WHERE person = '\(person)'"))
                #expect(count == 0, "\(table)")
            }
            let open: Int = try await f.value(
                """
                SELECT count(*) FROM record.work_item
                WHERE state = 'open' AND (person = \(person) OR share IN (SELECT id FROM record.share WHERE person = \(person)))
                """)
            #expect(open == 0)
            let cases: Int = try await f.value(
                "SELECT count(*) FROM record.case_file WHERE person = \(person) AND ended_at IS NULL")
            #expect(cases == 0)
            // Looks are still listed, without what was asked.
            let looks = try await f.transaction {
                try f.store.looks(unreviewed: false, limit: 10, viewedBy: "auditor", in: $0)
            }
            #expect(looks.map(\.details) == [.null] && looks[0].note == nil && looks[0].persons == [person])
            let said = try await f.transaction { try f.store.trace(person, in: $0) }
                .filter { $0.kind == "key_destroyed" }
            #expect(said.count == 1 && said[0].text.contains("dsr-17") && said[0].text.contains("dpo-1"))
            guard case .before(let at) = try await erase(person, f) else { throw Unexpected() }
            #expect(at == f.now)
        }
    }

    @Test func `whoever is referred again is somebody new, and an answer to what was erased goes to staff`()
        async throws
    {
        try await Fixture.run { f in
            let person = try await keep("Canary", nhs: "9990000018", f)
            _ = try await erased(person, f)
            let update = f.referral(id: "u-1", type: .update, inReplyTo: "r-Canary")
            #expect(try await f.take(update) == .unbound)
            let items = try await f.transaction { try f.store.workItems(.unboundMessage, in: $0) }
            #expect(items.map(\.item.code) == ["names_erased_person"])
            let again = try await f.person(f.referral(id: "r-2"))
            #expect(again != person)
        }
    }

    @Test func `those who were found to be one person are erased together`() async throws {
        try await Fixture.run { f in
            let known = try await f.person(f.referral(id: "r-1", nhs: nil))
            let person = try await f.person(f.referral(id: "r-2", family: "Kanary"))
            let match = try #require(
                try await f.transaction { try f.store.waitingMatches(of: person, in: $0) }.first { $0.known == known })
            _ = try await f.transaction {
                try f.store.decide(match.id, .same, by: "staff:1", at: f.now, in: $0)
            }
            #expect(try await erased(person, f).persons == [known, person])
            let keys: Int = try await f.value("SELECT count(*) FROM record.person_key")
            #expect(keys == 0)
            let detail = try #require(try await f.transaction { try f.store.match(match.id, in: $0) })
            #expect(detail.comparison == .null && detail.decisions.map(\.reason) == [nil])
        }
    }

    @Test func `a file that told of others is destroyed too, and their rows stay`() async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission("file", "Canary;Wren"))
            let items = [("Canary", "9990000018"), ("Wren", nil)].enumerated().map { number, row in
                IntakeItem(
                    ordinal: number, status: .accepted,
                    referral: f.referral(
                        id: "r-\(number)", nhs: row.1, dob: row.1 == nil ? "1931-01-02" : "1950-04-30", family: row.0),
                    opensCase: true)
            }
            let names = DocumentNames(messageID: "list of Wren")
            let stored = try await f.take(items, receipt, file: names).compactMap { result -> StoredReferral? in
                if case .stored(let stored) = result { stored } else { nil }
            }
            try #require(stored.count == 2 && stored[0].person != stored[1].person)
            let result = try await erased(stored[0].person, f)
            #expect(result.documents == 1 && result.sharedDocuments == 1)
            let left = try await opened(f)
            #expect(places(left, with: "Canary") == [])
            #expect(
                places(left, with: "Wren").isSuperset(of: [
                    "record.person.sealed_profile", "record.referral.sealed", "record.referral.sealed_source",
                ]))
        }
    }

    /// A file with a row of Canary and others.
    private func file(_ others: [IntakeItem], waitsUntil: Timestamp? = nil, _ f: Fixture) async throws -> IntakeRecord {
        let canary = IntakeItem(
            ordinal: 0, status: .accepted, referral: f.referral(id: "r-0", family: "Canary"), opensCase: true)
        var intake = IntakeRecord(
            receipt: try await f.accept(f.submission("file", "Canary;Wren")), sender: "uhdb", receivedAt: f.now,
            waitsUntil: waitsUntil, items: [canary] + others)
        intake.file = DocumentNames(messageID: "list")
        return intake
    }

    private func store(_ intake: IntakeRecord, at: Timestamp? = nil, _ f: Fixture) async throws -> [IntakeResult] {
        try await f.transaction(as: .worker) { try f.store.store([intake], at: at ?? f.now, in: $0)[0] }
    }

    private func text(_ receipt: UUIDValue, _ f: Fixture) async throws -> String? {
        try await f.transaction { try f.store.document(receipt, in: $0) }.map {
            String(decoding: $0.bytes, as: UTF8.self)
        }
    }

    /// Destroys a whole file that came long ago, or is due whatever its age.
    private func destroyFile(_ f: Fixture) async throws -> Bool {
        try await f.transaction(as: .retention) {
            try f.store.destroyFile(cameBefore: f.now - .seconds(3650 * 86_400), in: $0)
        }?.isDestroyed == true
    }

    @Test
    func `a file of which another row awaits a message stays until that is through, and goes then whatever its age`()
        async throws
    {
        try await Fixture.run { f in
            let update = f.referral(id: "u-1", nhs: nil, family: "Wren", type: .update, inReplyTo: "not-come-yet")
            let over = f.now + .seconds(60)
            let intake = try await file(
                [IntakeItem(ordinal: 1, status: .accepted, referral: update)], waitsUntil: over, f)
            let results = try await store(intake, f)
            guard case .stored(let canary) = results[0], results[1] == .awaiting else { throw Unexpected() }

            let result = try await erased(canary.person, f)
            #expect((result.documents, result.sharedDocuments, result.waitingDocuments) == (0, 0, 1))
            #expect(try await text(intake.receipt, f) == "Canary;Wren")
            #expect(try await !destroyFile(f))
            let past = try await f.transaction(as: .audit) { try CaseStore.filesPast(cameBefore: .distantPast, in: $0) }
            #expect(past == [.unfinished: 1])

            // It has waited long enough: intake works on the file again, and staff have the row.
            _ = try await f.transaction(as: .worker) { try f.store.resume(at: over, in: $0) }
            #expect(try await store(intake, at: over, f)[1] == .unbound)
            #expect(try await !destroyFile(f))
            let items = try await f.transaction { try f.store.workItems(.unboundMessage, in: $0) }
            for item in items { _ = try await f.transaction { try f.store.finishWorkItem(item.id, by: "s", in: $0) } }
            #expect(items.count == 1)
            #expect(try await destroyFile(f))
            #expect(try await text(intake.receipt, f) == nil)
        }
    }

    @Test(arguments: ["rejected row", "legal hold", "attachment"])
    func `a file that others still need stays for them, and goes with the last of them`(need: String) async throws {
        try await Fixture.run { f in
            var wren = f.referral(id: "r-1", nhs: nil, dob: "1931-01-02", family: "Wren")
            if need == "attachment" {
                var attachment = Attachment()
                attachment.content = .file(name: "LETTER.pdf")
                wren.attachments = [attachment]
            }
            let isRejected = need == "rejected row"
            let other = IntakeItem(
                ordinal: 1, status: isRejected ? .rejected : .accepted, referral: isRejected ? nil : wren)
            let intake = try await file([other], f)
            let results = try await store(intake, f)
            guard case .stored(let canary) = results[0] else { throw Unexpected() }
            if case .stored(let stored) = results[1], need == "legal hold" {
                try await TestDatabase.current.database.execute(
                    "UPDATE record.person SET has_legal_hold = true WHERE id = \(stored.person)")
            }
            let result = try await erased(canary.person, f)
            #expect((result.documents, result.waitingDocuments) == (0, 1))
            #expect(try await !destroyFile(f))
            #expect(try await text(intake.receipt, f) == "Canary;Wren")
            switch need {
            case "legal hold":
                try await TestDatabase.current.database.execute("UPDATE record.person SET has_legal_hold = false")
            case "attachment": try await TestDatabase.current.database.execute("DELETE FROM record.attachment_file")
            default:
                try await TestDatabase.current.database.execute(
                    "UPDATE record.work_item SET state = 'done', done_at = now()")
            }
            #expect(try await destroyFile(f))
            #expect(try await text(intake.receipt, f) == nil)
        }
    }

    @Test func `what staff have to do about a document of the person alone keeps it not, and nobody remembers its key`()
        async throws
    {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission("alone", "Canary"))
            let item = IntakeItem(ordinal: 0, status: .incomplete, referral: f.referral(id: "r-0", family: "Canary"))
            guard case .stored(let stored) = try await f.take([item], receipt)[0] else { throw Unexpected() }
            _ = try await f.transaction {
                try f.store.add(NewWorkItem(kind: .deadLetter, code: "internal", submission: receipt), in: $0)
            }
            #expect(try await text(receipt, f) == "Canary")
            _ = try await f.transaction { try f.store.referral(stored.id, viewedBy: "staff:1", in: $0) }
            let remembered = f.store.vault.rememberedKeys
            let result = try await erased(stored.person, f)
            #expect((result.documents, result.waitingDocuments) == (1, 0))
            #expect(try await text(receipt, f) == nil)
            // The person's and the document's.
            #expect(f.store.vault.rememberedKeys == remembered - 2)
        }
    }

    @Test func `a legal hold, a look to be reviewed and what is being sent stand in the way, and nothing is done`()
        async throws
    {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person)
            #expect(try await f.begin(share.id) == 1)
            let look = try await look(at: person, asked: "Canary", f, isReviewed: false)
            let extract = try await extract(of: [person], "row of Canary", f)
            try await f.transaction { connection in
                try connection.execute("UPDATE record.extract_sending SET state = 'sending', sent_at = now()")
                try connection.execute("UPDATE record.person SET has_legal_hold = true WHERE id = \(person)")
            }
            guard case .refused(let obstacles) = try await erase(person, f) else { throw Unexpected() }
            #expect(
                obstacles == [
                    .legalHold, .unreviewedLook(look), .sending(share: share.id), .sendingExtract(extract),
                ])
            let keys: Int = try await f.value("SELECT count(*) FROM record.person_key")
            #expect(keys == 1)
            guard case .noPerson = try await erase(.v7(), f) else { throw Unexpected() }
        }
    }

    @Test func `a look that comes late from a journal loses what was asked once it is reviewed`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await erased(person, f)
            let look = try await look(at: person, asked: "Canary", f, isReviewed: false)
            try await f.transaction { try f.store.forgetLooks(in: $0) }
            #expect(places(try await opened(f), with: "Canary") == ["access.look.sealed"])
            _ = try await f.transaction { try f.store.review(look: look, note: "Canary", by: "duty-1", in: $0) }
            try await f.transaction { try f.store.forgetLooks(in: $0) }
            #expect(places(try await opened(f), with: "Canary") == [])
        }
    }
}

import Disclosure
import Ledger
import Postgres
import Referral
import TestSupport
import Testing
import Vault

@testable import CaseStore

/// Whole files go after some days, and their parts stay.
@Suite(.store) struct CaseStoreFilesTests {
    private struct File {
        let receipt: UUIDValue
        let referrals: [UUIDValue]
        let persons: [UUIDValue]
    }

    private static let rows = ["Canary", "Wren"]
    private static let names = DocumentNames(messageID: "list-7", fileName: "LIST_7.csv")

    /// A file with a row for each of two persons.
    private func file(_ f: Fixture, changing change: (Int, inout IntakeItem) -> Void = { _, _ in }) async throws -> File
    {
        var submission = f.submission(Self.names.messageID, "Canary;Wren")
        submission.fileName = Self.names.fileName
        let receipt = try await f.accept(submission)
        let items = Self.rows.enumerated().map { number, family in
            // Nothing of the one is like the other, so that nobody has to decide whether they are one.
            var referral = f.referral(id: "r-\(family)", nhs: nil, dob: "193\(number)-01-02", family: family)
            referral.person.given = ["Elsie", "Robin"][number]
            referral.address?.lines = ["\(number + 1) Example Street"]
            referral.address?.postcode = ["DE1 2FS", "DE23 1AA"][number]
            var item = IntakeItem(ordinal: number, status: .accepted, referral: referral)
            change(number, &item)
            return item
        }
        let stored = try await f.take(items, receipt, file: Self.names).compactMap { result -> StoredReferral? in
            if case .stored(let stored) = result { stored } else { nil }
        }
        return File(receipt: receipt, referrals: stored.map(\.id), persons: stored.map(\.person))
    }

    /// Destroys all that may go, each in a transaction of its own, and tells how many those are.
    private func destroy(_ f: Fixture, cameBefore: Timestamp? = nil) async throws -> Int {
        var place = CaseStore.FilePlace.start
        var count = 0
        while let next = try await f.transaction(
            as: .retention,
            { [place] in try f.store.destroyFile(cameBefore: cameBefore ?? f.now, after: place, in: $0) })
        {
            place = next.place
            if next.isDestroyed { count += 1 }
        }
        return count
    }

    private func past(_ f: Fixture) async throws -> [CaseStore.FileNeed?: Int] {
        try await f.transaction(as: .audit) { try CaseStore.filesPast(cameBefore: f.now, in: $0) }
    }

    private func raw(_ receipt: UUIDValue, _ f: Fixture) async throws -> [UInt8]? {
        try await f.transaction(as: .console) {
            try f.store.document(receipt, viewedBy: "staff:1", in: $0)?.bytes
        }
    }

    @Test func `a file is destroyed after its days, and what was made of it still opens`() async throws {
        try await Fixture.run { f in
            let file = try await file(f)
            let single = try await f.accept(f.submission("m-1", "Lark"))
            let lark = IntakeItem(ordinal: 0, status: .accepted, referral: f.referral(id: "m-1", family: "Lark"))
            _ = try await f.take([lark], single)
            let key: [UInt8] = try await f.value(
                "SELECT wrapped_key FROM record.document_key WHERE receipt = \(file.receipt)")

            #expect(try await destroy(f, cameBefore: f.now - .microseconds(1)) == 0)
            #expect(try await raw(file.receipt, f) == Array("Canary;Wren".utf8))
            #expect(try await destroy(f) == 1)
            #expect(try await destroy(f) == 0)

            let receipt = try #require(
                try await f.transaction(as: .console) { try f.store.receipt(file.receipt, in: $0) })
            let at = try #require(receipt.documentDestroyedAt)
            #expect(receipt.state == .accepted)
            await #expect(throws: CaseStoreError.documentDestroyed(file.receipt, at: at)) {
                try await raw(file.receipt, f)
            }
            #expect(try await f.transaction(as: .worker) { try f.store.documents([file.receipt], in: $0) }.isEmpty)
            for keys in WrappedKeys.allCases {
                let left = try await f.transaction { try f.store.wrapped(keys, after: nil, in: $0) }
                #expect(!left.contains { $0.wrapped == key || $0.id == file.receipt }, "\(keys)")
            }
            for (family, referral) in zip(Self.rows, file.referrals) {
                let (record, names) = try await f.transaction(as: .worker) { connection in
                    (
                        try f.store.referral(referral, viewedBy: "staff:1", in: connection),
                        try f.store.documentNames(ofReferral: referral, in: connection).map(f.store.open)
                    )
                }
                #expect(record?.referral.person.family == family && names == Self.names)
            }
            // Of somebody alone, the document stays.
            #expect(try await raw(single, f) == Array("Lark".utf8))

            let said = try await f.transaction(as: .audit) { try f.store.trace(file.receipt, in: $0) }
            let lines = said.filter { $0.kind == LedgerKind.keyDestroyed.rawValue }
            #expect(lines.map(\.text) == ["actor=hub submission=\(file.receipt) reason=file_past"])
            // Its sender may send it again for ever.
            var again = f.submission(Self.names.messageID, "Canary;Wren")
            again.fileName = Self.names.fileName
            let sealed = f.store.seal(again)
            let acceptance = try await f.transaction(as: .ingest) { try f.store.accept([sealed], in: $0)[0] }
            guard case .duplicate(let first) = acceptance else { throw Unexpected() }
            #expect(first.id == file.receipt)
        }
    }

    @Test func `a file with a row that was refused is kept until staff are done with it`() async throws {
        try await Fixture.run { f in
            let file = try await file(f) { number, item in
                guard number == 1 else { return }
                item.status = .rejected
                item.referral = nil
            }
            #expect(file.persons.count == 1)
            #expect(try await destroy(f) == 0)
            #expect(try await past(f) == [.workItem: 1])
            #expect(try await raw(file.receipt, f) != nil)
            let item = try #require(
                try await f.transaction(as: .console) { try f.store.workItems(.rejectedPart, in: $0) }.first)
            _ = try await f.transaction(as: .console) { try f.store.finishWorkItem(item.id, by: "staff:1", in: $0) }
            #expect(try await past(f) == [nil: 1])
            #expect(try await destroy(f) == 1)
            #expect(try await past(f).isEmpty)
        }
    }

    @Test func `a file is kept while a row waits for a file that it names`() async throws {
        try await Fixture.run { f in
            _ = try await file(f) { number, item in
                guard number == 0 else { return }
                var attachment = Attachment()
                attachment.content = .file(name: "LETTER.pdf")
                item.referral?.attachments = [attachment]
            }
            #expect(try await destroy(f) == 0)
            #expect(try await past(f) == [.attachment: 1])
            try await TestDatabase.current.database.execute("DELETE FROM record.attachment_file")
            #expect(try await destroy(f) == 1)
        }
    }

    @Test func `a file of which a row waits for the message that it answers is kept`() async throws {
        try await Fixture.run { f in
            var intake = IntakeRecord(
                receipt: try await f.accept(f.submission()), sender: "uhdb", receivedAt: f.now,
                waitsUntil: f.now + .seconds(60),
                items: [
                    IntakeItem(ordinal: 0, status: .accepted, referral: f.referral(id: "r-1", family: "Canary")),
                    IntakeItem(
                        ordinal: 1, status: .accepted,
                        referral: f.referral(id: "u-1", nhs: nil, type: .update, inReplyTo: "not-come-yet")),
                ])
            intake.file = Self.names
            let waiting = intake
            let results = try await f.transaction(as: .worker) {
                try f.store.store([waiting], at: f.now, in: $0)[0]
            }
            try #require(results.contains(.awaiting))
            #expect(try await destroy(f) == 0)
            // When it has waited long enough, staff have it, and the file with it.
            _ = try await f.transaction(as: .worker) { connection in
                _ = try f.store.resume(at: f.now + .seconds(60), in: connection)
                _ = try f.store.store([waiting], at: f.now + .seconds(60), in: connection)
            }
            #expect(try await destroy(f) == 0)
            #expect(try await past(f) == [.workItem: 1])
        }
    }

    @Test(arguments: [false, true])
    func `a file is kept while somebody in it is under a legal hold`(isFoundToBeAnother: Bool) async throws {
        try await Fixture.run { f in
            let known = try await f.person(f.referral(id: "r-0", nhs: nil, dob: "1930-01-02"))
            let file = try await file(f)
            let first = file.persons[0]
            if isFoundToBeAnother {
                let match = try #require(
                    try await f.transaction { try f.store.waitingMatches(of: first, in: $0) }.first {
                        $0.known == known
                    })
                _ = try await f.transaction { try f.store.decide(match.id, .same, by: "staff:1", at: f.now, in: $0) }
            } else {
                try await TestDatabase.current.database.execute(
                    "UPDATE record.work_item SET state = 'done', done_at = now()")
            }
            let held = isFoundToBeAnother ? known : first
            try await hold(held, true, f)
            #expect(try await destroy(f) == 0)
            #expect(try await past(f) == [.legalHold: 1])
            try await hold(held, false, f)
            #expect(try await destroy(f) == 1)
        }
    }

    private func hold(_ person: UUIDValue, _ isHeld: Bool, _ f: Fixture) async throws {
        try await f.transaction(as: .console) { try hold(person, isHeld, f, in: $0) }
    }

    private func hold(_ person: UUIDValue, _ isHeld: Bool, _ f: Fixture, in connection: Connection) throws {
        var subject = try #require(try f.store.subject(of: person, isLocked: true, in: connection))
        subject.hasLegalHold = isHeld
        try f.store.setCircumstances(
            subject, of: person, changing: ["legal_hold"], by: "dpo-1", at: f.now, in: connection)
    }

    @Test(arguments: [true, false])
    func `a file that somebody holds is left, and those behind it go`(isHeldByPerson: Bool) async throws {
        try await Fixture.run(connections: 4) { f in
            let file = try await file(f)
            let others = try await nobodys(2, f)
            let gate = Gate()
            defer { gate.open() }
            async let held: Void = f.transaction(as: isHeldByPerson ? .console : .worker) { connection in
                if isHeldByPerson {
                    try hold(file.persons[1], true, f, in: connection)
                } else {
                    // As intake does, which goes on to persons.
                    _ = try IntakeReads.stored(of: [file.receipt], in: connection)
                }
                gate.arriveAndWait()
            }
            try await gate.arrival()
            try await TestDatabase.current.database.execute(
                "UPDATE record.document SET file_since = \(f.now - .seconds(9)) WHERE receipt = \(file.receipt)")
            // It waits for nobody: the gate is still shut.
            #expect(try await destroy(f) == 2)
            let left = try await f.transaction { try f.store.documents([file.receipt] + others, in: $0) }
            #expect(Array(left.keys) == [file.receipt])
            gate.open()
            try await held
            #expect(try await destroy(f) == (isHeldByPerson ? 0 : 1))
            #expect(try await past(f) == (isHeldByPerson ? [.legalHold: 1] : [:]))
        }
    }

    /// Files in which nobody was found, each a second older than the one before.
    private func nobodys(_ count: Int, _ f: Fixture) async throws -> [UUIDValue] {
        var receipts: [UUIDValue] = []
        for number in 0..<count {
            let receipt = try await f.accept(f.submission("list-\(number)", "nobody"))
            _ = try await f.take([], receipt, file: DocumentNames(messageID: "list-\(number)"))
            try await TestDatabase.current.database.execute(
                "UPDATE record.document SET file_since = \(f.now - .seconds(number)) WHERE receipt = \(receipt)")
            receipts.append(receipt)
        }
        return receipts
    }

    @Test func `files go one at a time, the oldest first, and nobody remembers their keys`() async throws {
        try await Fixture.run { f in
            let receipts = try await nobodys(3, f)
            for receipt in receipts { #expect(try await raw(receipt, f) == Array("nobody".utf8)) }
            #expect(f.store.vault.rememberedKeys == 3)
            for number in [2, 1, 0] {
                let next = try await f.transaction(as: .retention) {
                    try f.store.destroyFile(cameBefore: f.now, in: $0)
                }
                #expect(next?.place.receipt == receipts[number] && next?.isDestroyed == true)
                let there = try await f.transaction { try f.store.documents(receipts, in: $0) }
                #expect(Set(there.keys) == Set(receipts.prefix(number)))
                #expect(f.store.vault.rememberedKeys == number)
            }
            #expect(try await destroy(f) == 0)
        }
    }

    @Test func `what an erased person's row was called goes with the person, and another's stays`() async throws {
        try await Fixture.run { f in
            let file = try await file(f)
            guard
                case .erased = try await f.transaction({
                    try f.store.erase(file.persons[0], authority: "dsr-1", by: "dpo-1", at: f.now, in: $0)
                })
            else { throw Unexpected() }
            let names = try await f.transaction(as: .worker) { connection in
                try file.referrals.map { try f.store.documentNames(ofReferral: $0, in: connection).map(f.store.open) }
            }
            #expect(names == [nil, Self.names])
            let receipt = try await f.transaction { try f.store.receipt(file.receipt, in: $0) }
            #expect(receipt?.documentDestroyedAt != nil, "whoever destroys a document, the receipt says so")
        }
    }
}

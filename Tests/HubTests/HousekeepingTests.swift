import CaseStore
import MessageQueue
import Postgres
import TestSupport
import Testing

@testable import Hub

@Suite(.installation) struct HousekeepingTests {
    /// Lets the only message of the intake queue die.
    private func kill(in hub: Installation) async throws {
        let lease = try #require(try await hub.queue.claim(Intake.queueName, limit: 1).first)
        #expect(try await hub.queue.deadLetter(lease, cause: Cause(code: "internal", text: "it died")))
    }

    private func items(_ hub: Installation) async throws -> [WorkItem] {
        try await hub.database.read { [store = hub.store] in try store.workItems(.deadLetter, in: $0) }
    }

    @Test func `a message that dies is shown to staff once for each death, whoever keeps house`() async throws {
        try await TestInstallation.run { hub in
            let housekeeping = Housekeeping(hub)
            let receipt = UUIDValue.v7()
            let message = try await hub.queue.enqueue(
                NewMessage(queue: Intake.queueName, payload: [1], correlation: receipt))
            try await kill(in: hub)
            try await housekeeping.showDeadLetters()
            try await housekeeping.showDeadLetters()
            let first = try #require(try await items(hub).first)
            #expect(first.item.message == message.rawValue && first.item.submission == receipt)
            #expect(try await items(hub).count == 1)

            // Staff are done with it and leave it dead: neither this process nor the next one brings it up again.
            let finished = try await hub.database.transaction { [store = hub.store] connection in
                try store.finishWorkItem(first.id, by: "worker-7", in: connection)
            }
            #expect(finished)
            try await housekeeping.showDeadLetters()
            try await Housekeeping(hub).showDeadLetters()
            #expect(try await items(hub).isEmpty)

            // Replayed, it dies a second time, of the same cause.
            #expect(try await hub.queue.replay(.init(queue: Intake.queueName)) == 1)
            try await kill(in: hub)
            try await housekeeping.showDeadLetters()
            let second = try #require(try await items(hub).first)
            #expect(second.id != first.id && second.item.message == message.rawValue)
            #expect(second.item.submission == receipt)
            #expect(try await items(hub).count == 1)
        }
    }

    @Test func `what has had its time is destroyed, by the function that may`() async throws {
        try await TestInstallation.run { hub in
            // As a running hub has it: nothing is done but as somebody.
            let hub = hub.acting(as: .serving)
            let ingest = hub.acting(as: .ingest)
            let store = hub.store
            let held = Submission(
                sender: "public_form", messageID: "m-1", channel: "https", format: "json", adapter: nil,
                bytes: [1, 2, 3], receivedAt: .now() - CaseStore.heldFor - .seconds(60), state: .held)
            let sealed = store.seal(held)
            _ = try await ingest.database.transaction { connection in
                let acceptance = try store.accept([sealed], in: connection)[0]
                guard case .received(let receipt) = acceptance else { return }
                try store.add([.held(receipt, tellsOfHarm: false)], in: connection)
            }
            try await hub.acting(as: .console).database.transaction { connection in
                _ = try store.claim(
                    [(store.requestKey("k", by: "workers", body: []), .v7())],
                    at: .now() - Housekeeping.requestsKept - .seconds(60), in: connection)
            }
            _ = try await ingest.database.transaction { connection in
                try store.claimMailAnswer(
                    to: "a@example.org", perHour: 9, at: .now() - Housekeeping.mailAnswersKept - .seconds(60),
                    in: connection)
            }
            try await Housekeeping(hub).retire()
            let left = try await TestDatabase.current.database.query(
                """
                SELECT (SELECT count(*) FROM record.document), (SELECT count(*) FROM record.request),
                    (SELECT count(*) FROM record.mail_answer), (SELECT count(*) FROM record.work_item WHERE state = 'open')
                """)[0].decode(Int.self, Int.self, Int.self, Int.self)
            #expect(left == (0, 0, 0, 0))
        }
    }

    @Test func `whole files go after the configured days, and a message that still names one says so`() async throws {
        try await TestInstallation.run(settings: "intake: { keep_file_days: 7 }") { hub in
            let hub = hub.acting(as: .serving)
            let store = hub.store
            func file(_ id: String, days: Int) async throws -> UUIDValue {
                let at = Timestamp.now() - .seconds(days * 86_400 + 60)
                let sealed = store.seal(
                    Submission(
                        sender: "uhdb", messageID: id, channel: "https", format: "csv", bytes: [1, 2, 3], receivedAt: at
                    ))
                var intake = IntakeRecord(receipt: sealed.receipt, sender: "uhdb", receivedAt: at, items: [])
                intake.file = DocumentNames(messageID: id)
                _ = try await hub.acting(as: .ingest).database.transaction { try store.accept([sealed], in: $0) }
                _ = try await hub.acting(as: .worker).database.transaction { [intake] in
                    try store.store([intake], in: $0)
                }
                return sealed.receipt
            }
            let old = try await file("old", days: 7)
            let young = try await file("young", days: 6)
            try await Housekeeping(hub).destroyFiles()
            let left = try await hub.acting(as: .worker).database.read { try store.documents([old, young], in: $0) }
            #expect(Array(left.keys) == [young])

            let worker = hub.acting(as: .worker)
            _ = try await worker.queue.enqueue(.intake(of: old, key: "k"))
            let lease = try #require(try await worker.queue.claim(Intake.queueName, limit: 1).first)
            guard case .deadLetter(let cause) = await Intake(hub).work(lease) else { throw Unexpected() }
            #expect(cause.code == "document_destroyed" && cause.text.hasPrefix("The document was destroyed on 20"))
        }
    }

    @Test func `what fails of retention stands in nobody's way`() async throws {
        try await TestInstallation.run { hub in
            let owner = TestDatabase.current.database
            let (person, share) = (UUIDValue.v7(), UUIDValue.v7())
            let long = Timestamp.now() - Housekeeping.longestAttempt - .seconds(60)
            try await owner.execute(
                """
                INSERT INTO record.person (id, created_at, profile_at, sealed_profile, sealed_fingerprint)
                VALUES (\(person), \(long), \(long), '', '')
                """)
            try await owner.execute(
                """
                INSERT INTO record.share (
                    id, person, message, requested_at, decided_at, queued_at, sent_at, attempts, state, recipient, purpose,
                    level, channel, requested_by, asked
                )
                VALUES (
                    \(share), \(person), 4711, \(long), \(long), \(long), \(long), 1, 'sending', 'uhdb', 'care_support',
                    'identifiable', 'https_mtls', 'staff:1', '{NAME}'
                )
                """)
            try await owner.execute(
                "INSERT INTO record.share_attempt (share, started_at, attempt) VALUES (\(share), \(long), 1)")
            try await owner.execute("DROP FUNCTION record.due_file")
            try await owner.execute("DROP TABLE record.mail_answer")
            let housekeeping = Housekeeping(hub.acting(as: .serving))
            await #expect(throws: PostgresError.self) { try await housekeeping.retire() }
            await #expect(throws: PostgresError.self) { try await housekeeping.destroyFiles() }
            await housekeeping.keepToTimes()
            let open = try await owner.query("SELECT count(*) FROM record.share_attempt WHERE outcome IS NULL")[0]
                .decode(Int.self)
            #expect(open == 0)
        }
    }

    @Test func `a pass looks at so many files, and the next goes on`() async throws {
        try await TestInstallation.run { hub in
            let hub = hub.acting(as: .serving)
            let store = hub.store
            let at = Timestamp.now() - .seconds(40 * 86_400)
            for number in 0..<3 {
                let sealed = store.seal(
                    Submission(
                        sender: "uhdb", messageID: "list-\(number)", channel: "https", format: "csv", bytes: [1],
                        receivedAt: at))
                var intake = IntakeRecord(receipt: sealed.receipt, sender: "uhdb", receivedAt: at, items: [])
                intake.file = DocumentNames(messageID: "list-\(number)")
                _ = try await hub.acting(as: .ingest).database.transaction { try store.accept([sealed], in: $0) }
                _ = try await hub.acting(as: .worker).database.transaction { [intake] in
                    try store.store([intake], in: $0)
                }
            }
            func left() async throws -> Int {
                try await TestDatabase.current.database.query("SELECT count(*) FROM record.document")[0].decode(
                    Int.self)
            }
            let housekeeping = Housekeeping(hub)
            try await housekeeping.destroyFiles(patience: .zero)
            #expect(try await left() == 3)
            try await housekeeping.destroyFiles(limit: 2)
            #expect(try await left() == 1)
            try await housekeeping.destroyFiles()
            #expect(try await left() == 0)
        }
    }

    private struct Unexpected: Error {}

    @Test func `every other part of housekeeping does its work as its function`() async throws {
        try await TestInstallation.run { hub in
            let hub = hub.acting(as: .serving)
            let housekeeping = Housekeeping(hub)
            try await hub.enterStart()
            #expect(try await LedgerKeeper(hub).keep() != nil)
            #expect(try await housekeeping.resumeWaiting() == 0)
            _ = try await housekeeping.attachFiles()
            try await housekeeping.showDeadLetters()
            try await Endings.warn(of: hub)
            #expect(try await Operations(hub).metricsText().contains("hub_work_items_open"))
            #expect(await Operations(hub).reasonNotReady() == nil)
        }
    }
}

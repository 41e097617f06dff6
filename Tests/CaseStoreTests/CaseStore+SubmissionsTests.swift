import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct SubmissionsTests {
    @Test func `a submission is stored, and its document opens again`() async throws {
        try await Fixture.run { f in
            var submission = f.submission("m-1", "the document")
            submission.fileName = "UHDB_REF_1.hl7"
            submission.threadID = "thread 7"
            let sealed = f.store.seal(submission)
            guard case .received(let receipt) = try await f.transaction({ try f.store.accept([sealed], in: $0)[0] })
            else { throw Unexpected() }
            #expect(receipt.id == sealed.receipt)
            let document = try #require(
                try await f.transaction(as: .worker) { try f.store.document(sealed.receipt, in: $0) })
            #expect(document.bytes == Array("the document".utf8))
            #expect(document.messageID == "m-1")
            #expect(document.fileName == "UHDB_REF_1.hl7")
            #expect(document.threadID == "thread 7")
            #expect(document.receipt == receipt)
            #expect(receipt.state == .received)
            #expect(sealed.orderKey.utf8.count == 32)
        }
    }

    @Test func `the same bytes under the same id get the first receipt, and have no second effect`() async throws {
        try await Fixture.run { f in
            let first = try await f.accept(f.submission())
            let again = f.store.seal(f.submission())
            guard case .duplicate(let receipt) = try await f.transaction({ try f.store.accept([again], in: $0)[0] })
            else { throw Unexpected() }
            #expect(receipt.id == first)
            #expect(try await f.value("SELECT count(*) FROM record.submission") == 1)
            #expect(try await f.value("SELECT count(*) FROM record.document") == 1)
            #expect(try await f.value("SELECT count(*) FROM ledger.entry") == 1)
        }
    }

    @Test func `other bytes under the same id are a conflict, and another sender may use the id`() async throws {
        try await Fixture.run { f in
            _ = try await f.accept(f.submission())
            let other = f.store.seal(f.submission("m-1", "other bytes"))
            let stranger = f.store.seal(f.submission("m-1", "other bytes", sender: "derbys_police"))
            let answers = try await f.transaction(as: .ingest) { try f.store.accept([other, stranger], in: $0) }
            #expect(answers.map(\.words) == ["conflict", "received \(stranger.receipt)"])
        }
    }

    @Test func `repeats and conflicts inside one batch are told apart`() async throws {
        try await Fixture.run { f in
            let batch = [
                f.submission("a", "1"), f.submission("b", "2"), f.submission("a", "1"), f.submission("b", "3"),
            ].map(f.store.seal)
            let answers = try await f.transaction(as: .ingest) { try f.store.accept(batch, in: $0) }
            let (first, second) = (batch[0].receipt, batch[1].receipt)
            #expect(
                answers.map(\.words) == ["received \(first)", "received \(second)", "duplicate \(first)", "conflict"])
        }
    }

    @Test func `eight tasks handing in the same submissions at once store each one once`() async throws {
        try await Fixture.run(connections: 8) { f in
            let receipts = try await withThrowingTaskGroup(of: [Acceptance].self) { group in
                for task in 0..<8 {
                    group.addTask {
                        // Each in another order: the batch must not deadlock with the others.
                        let ids = (0..<40).map { ($0 * 7 + task * 11) % 40 }
                        let batch = ids.map { f.store.seal(f.submission("m-\($0)", "document \($0)")) }
                        return try await f.transaction(as: .ingest) { try f.store.accept(batch, in: $0) }
                    }
                }
                return try await group.reduce(into: [Acceptance]()) { $0 += $1 }
            }
            var received: Set<UUIDValue> = []
            var answered: Set<UUIDValue> = []
            for acceptance in receipts {
                switch acceptance {
                case .received(let receipt):
                    #expect(received.insert(receipt.id).inserted)
                    answered.insert(receipt.id)
                case .duplicate(let receipt): answered.insert(receipt.id)
                case .conflict: Issue.record("equal submissions conflict")
                }
            }
            #expect(received.count == 40)
            #expect(answered == received)
            #expect(try await f.value("SELECT count(*) FROM record.document") == 40)
        }
    }

    @Test func `a receipt is shown to its sender and to staff only`() async throws {
        try await Fixture.run { f in
            let id = try await f.accept(f.submission())
            let shown = try await f.transaction(as: .console) { connection in
                [
                    try f.store.receipt(id, sender: "uhdb", in: connection) != nil,
                    try f.store.receipt(id, in: connection) != nil,
                    try f.store.receipt(id, sender: "derbys_police", in: connection) != nil,
                    try f.store.receipt(.v7(), in: connection) != nil,
                ]
            }
            #expect(shown == [true, true, false, false])
        }
    }

    @Test func `finishing a submission is told once, and what was told first stands`() async throws {
        try await Fixture.run { f in
            let id = try await f.accept(f.submission())
            let finding = Finding(.missing, at: "reason", "Say why the person is referred")
            try await f.transaction(as: .worker) { connection in
                for (state, findings) in [(SubmissionState.incomplete, [finding]), (.accepted, [])] {
                    let intake = IntakeRecord(
                        receipt: id, sender: "uhdb", receivedAt: f.now, items: [], state: state, findings: findings)
                    _ = try f.store.store([intake], in: connection)
                }
            }
            let receipt = try #require(try await f.transaction(as: .console) { try f.store.receipt(id, in: $0) })
            #expect(receipt.state == .incomplete)
            #expect(receipt.findings == [finding])
            #expect(receipt.finishedAt != nil)
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'submission_finished'") == 1)
        }
    }

    @Test func `a quarantined submission is finished when it is stored`() async throws {
        try await Fixture.run { f in
            var submission = f.submission()
            submission.state = .quarantined
            submission.findings = [Finding(.notParseable, at: "", "Not JSON")]
            let id = try await f.accept(submission)
            let receipt = try #require(try await f.transaction(as: .console) { try f.store.receipt(id, in: $0) })
            #expect(receipt.state == .quarantined)
            #expect(receipt.finishedAt == f.now)
            #expect(receipt.findings == submission.findings)
        }
    }

    @Test func `submissions are listed newest first, page by page`() async throws {
        try await Fixture.run { f in
            var ids: [UUIDValue] = []
            for number in 0..<5 { ids.append(try await f.accept(f.submission("m-\(number)"))) }
            let first = try await f.transaction { try f.store.submissions(limit: 3, in: $0).map(\.id) }
            let second = try await f.transaction { try f.store.submissions(before: first.last, in: $0).map(\.id) }
            #expect(first + second == ids.reversed())
        }
    }

    @Test func `an empty document and one of a megabyte are both kept whole`() async throws {
        try await Fixture.run { f in
            let large = String(repeating: "x", count: 1 << 20)
            for (id, text) in [("empty", ""), ("large", large)] {
                let receipt = try await f.accept(f.submission(id, text))
                let document = try await f.transaction(as: .worker) { try f.store.document(receipt, in: $0) }
                #expect(document?.bytes == Array(text.utf8))
            }
        }
    }
}

extension Acceptance {
    fileprivate var words: String {
        switch self {
        case .received(let receipt): "received \(receipt.id)"
        case .duplicate(let receipt): "duplicate \(receipt.id)"
        case .conflict: "conflict"
        }
    }
}

import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

/// The messages of one thread end in the same state, in whatever order, how often and with what breaks they come.
@Suite(.store) struct IntakeOrderTests {
    /// A referral, what changes it, and at times what takes it back; each sent a minute after the one before.
    private struct Thread {
        var messages: [Referral]

        init(seed: UInt64, changes: Int, isWithdrawn: Bool, _ f: Fixture) {
            var random = SplitMix(seed: seed)
            var first = f.referral(id: "r-1", nhs: nil, sentAt: f.now)
            first.extensions = [Extension(name: "hl7.referral_id", group: .service, value: "LR-1")]
            messages = [first]
            for number in 0..<(changes + (isWithdrawn ? 1 : 0)) {
                let isLast = isWithdrawn && number == changes
                var message = f.referral(
                    id: isLast ? "w-1" : "u-\(number)", nhs: nil, dob: nil, family: "Canary\(number)",
                    type: isLast ? .withdrawal : .update,
                    // By the first message's id, by the sender's number, or by the message before.
                    inReplyTo: ["r-1", "LR-1", messages.last?.messageID ?? "r-1"].randomElement(using: &random),
                    sentAt: f.now + .seconds(60 * (number + 1)))
                if Bool.random(using: &random) { message.reason = nil }
                if Bool.random(using: &random) { message.address = nil }
                message.urgency = [nil, .known(.routine), .known(.urgent)].randomElement(using: &random) ?? nil
                if Bool.random(using: &random) { message.person.phone = ["+44163296000\(number)"] }
                if Bool.random(using: &random) { message.needs = [] }
                messages.append(message)
            }
        }
    }

    /// What can be seen of a thread in the end.
    private struct Ending: Equatable {
        var profile: Value?
        var referrals: [String]
        var cases: [String]
        var workItems: [String]
        var unfinished: Int
    }

    @Test(arguments: [(1, false), (0, true), (2, false), (1, true), (3, false), (2, true)])
    func `a thread ends the same in every order, with repeats`(changes: Int, isWithdrawn: Bool) async throws {
        try await Fixture.run { f in
            for seed in 1...3 as ClosedRange<UInt64> {
                let thread = Thread(seed: seed, changes: changes, isWithdrawn: isWithdrawn, f)
                var random = SplitMix(seed: seed ^ 0xABCD)
                var expected: Ending?
                for (number, order) in Self.orders(thread.messages.count).enumerated() {
                    let sender = "s\(seed)-\(number)"
                    let ending = try await deliver(thread, order, sender: sender, using: &random, f)
                    if let expected {
                        #expect(ending == expected, "seed \(seed), order \(order)")
                    } else {
                        expected = ending
                        #expect(ending.unfinished == 0)
                        #expect(ending.referrals.count == thread.messages.count)
                        #expect(ending.cases == [isWithdrawn ? "not_taken_on" : "open"])
                        #expect(ending.workItems == (isWithdrawn ? ["withdrawal"] : []))
                    }
                }
            }
        }
    }

    private func deliver(
        _ thread: Thread, _ order: [Int], sender: String, using random: inout SplitMix, _ f: Fixture
    ) async throws -> Ending {
        var receipts: [UUIDValue: Referral] = [:]
        for index in order {
            let message = thread.messages[index]
            let receipt = try await f.accept(f.submission(message.messageID ?? "", sender: sender))
            receipts[receipt] = message
            for _ in 0...Int.random(in: 0...1, using: &random) { try await work(receipt, message, sender, f) }
            // What was delivered before comes again, as after a crash between storing and acknowledging.
            if Bool.random(using: &random), let (receipt, message) = receipts.randomElement(using: &random) {
                try await work(receipt, message, sender, f)
            }
            if Bool.random(using: &random) { try await resume(receipts, sender, f) }
        }
        while try await resume(receipts, sender, f) {}
        return try await ending(sender, f)
    }

    private func work(_ receipt: UUIDValue, _ message: Referral, _ sender: String, _ f: Fixture) async throws {
        let record = IntakeRecord(
            receipt: receipt, sender: sender, receivedAt: f.now, waitsUntil: f.now + .seconds(3600),
            items: [IntakeItem(ordinal: 0, status: .accepted, referral: message)])
        _ = try await f.transaction(as: .worker) { try f.store.store([record], at: f.now, in: $0) }
    }

    @discardableResult
    private func resume(_ receipts: [UUIDValue: Referral], _ sender: String, _ f: Fixture) async throws -> Bool {
        let resumed = try await f.transaction(as: .worker) { try f.store.resume(at: f.now, in: $0) }
        for submission in resumed {
            try await work(submission.receipt, try #require(receipts[submission.receipt]), sender, f)
        }
        return !resumed.isEmpty
    }

    private func ending(_ sender: String, _ f: Fixture) async throws -> Ending {
        let owner = TestDatabase.current.database
        let persons = try await owner.query(
            "SELECT DISTINCT person FROM record.referral WHERE sender = \(sender)"
        ).decode(UUIDValue.self)
        #expect(persons.count == 1)
        let profile = try await f.transaction(as: .console) { connection in
            try persons.first.flatMap { try f.store.profile(of: $0, viewedBy: "staff:1", in: connection)?.value }
        }
        let referrals = try await owner.query(
            """
            SELECT
                concat_ws(
                    ' ', extract(epoch FROM sent_at), type, state,
                    -- What an update says is its own; the referral is as urgent as the newest says.
                    urgency, (SELECT thread.type FROM record.referral AS thread WHERE thread.id = referral.thread)
                )
            FROM record.referral
            WHERE sender = \(sender)
            ORDER BY sent_at
            """
        ).decode(String.self)
        let cases = try await owner.query(
            "SELECT state::text FROM record.case_file WHERE person = ANY (\(persons)) ORDER BY opened_at"
        ).decode(String.self)
        let items = try await owner.query(
            // Each order is tried with the same made-up person, who therefore looks like somebody known.
            """
            SELECT kind::text FROM record.work_item WHERE partner = \(sender) AND kind <> 'match_review' ORDER BY kind
            """
        ).decode(String.self)
        let unfinished: Int = try await f.value(
            """
            SELECT count(*)
            FROM record.submission LEFT JOIN record.awaiting ON awaiting.submission = receipt
            WHERE submission.sender = \(sender) AND (state = 'received' OR awaiting.submission IS NOT NULL)
            """)
        return Ending(
            profile: profile, referrals: referrals, cases: cases, workItems: items, unfinished: unfinished)
    }

    /// Every order of so many things, the natural one first.
    private static func orders(_ count: Int) -> [[Int]] {
        guard count > 1 else { return [Array(0..<count)] }
        return orders(count - 1).flatMap { order in
            (0...order.count).reversed().map { place in
                var longer = order
                longer.insert(count - 1, at: place)
                return longer
            }
        }
    }
}

/// A generator whose numbers are the same on every run.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

import CaseStore
import MessageQueue
import Postgres
import Referral
import TestSupport
import Testing
import Translation

@testable import Hub

/// Files that are dropped beside the referrals that name them.
@Suite(.installation) struct FileAttachmentTests {
    private let charity = Principal(id: "charity", kind: .partner, adapter: "envelope", name: "Charity")

    /// Drops a file; its receipt's id.
    private func drop(
        _ name: String, _ format: DocumentFormat?, _ text: String, _ intake: Intake
    ) async throws -> UUIDValue {
        let arrival = Arrival(
            sender: charity, channel: .file, format: format, fileName: name, bytes: Array(text.utf8))
        guard case .received(let answer) = try await intake.receive(arrival) else { throw NotReceived() }
        return answer.id
    }

    private func refer(_ id: String, naming file: String, _ intake: Intake) async throws -> UUIDValue {
        try await drop(
            "\(id).json", .json,
            """
            {"message_id": "\(id)", "sender": "charity", "sent_at": "2026-11-20T15:05:00Z", "type": "referral",
             "person": {"family": "Example", "dob": "1950-01-02"}, "reason": "Would like company",
             "referrer": {"name": "A Helper"}, "attachments": [{"name": "A letter", "file": "\(file)"}]}
            """, intake)
    }

    private func arrive(
        _ name: String, _ text: String, from sender: Principal, _ intake: Intake
    ) async throws -> IntakeAnswer {
        try await intake.receive(
            Arrival(
                sender: sender, channel: .file, format: name.hasSuffix("json") ? .json : .csv, fileName: name,
                bytes: Array(text.utf8)))
    }

    private func work(_ hub: Installation, _ intake: Intake) async throws {
        while let lease = try await hub.queue.claim(Intake.queueName, limit: 1).first {
            #expect(await intake.work(lease) == .acknowledged)
        }
    }

    @Test(arguments: [true, false]) func `what intake came to late does not part a file and its referral`(
        fileFirst: Bool
    ) async throws {
        try await TestInstallation.run { hub in
            let (intake, housekeeping) = (Intake(hub), Housekeeping(hub))
            // One is left in the queue for longer than they wait for each other; the other comes then.
            let late =
                fileFirst
                ? try await drop("L_1.txt", nil, "a letter", intake) : try await refer("R_1", naming: "L_1.txt", intake)
            try await hub.database.transaction { connection in
                try connection.execute(
                    "UPDATE record.submission SET received_at = received_at - interval '1 day' WHERE receipt = \(late)",
                    name: "test.age")
            }
            try await work(hub, intake)
            #expect(try await housekeeping.attachFiles() == AttachedFiles())
            _ =
                fileFirst
                ? try await refer("R_1", naming: "L_1.txt", intake) : try await drop("L_1.txt", nil, "a letter", intake)
            try await work(hub, intake)
            #expect(try await housekeeping.attachFiles() == AttachedFiles(attached: 1))
        }
    }

    /// Of a partner who sends tables and the envelope.
    @Test(
        arguments: [
            (nil, false), ("", true), ("e3d634e288359aa6f72783d025494c723bea4af016bacdaa4a7fc51576f842b7", true),
            (String(repeating: "0a", count: 32), false),
        ] as [(String?, Bool)]) func `a broken table is refused at once, but for one that a referral waits for`(
            named: String?, isTaken: Bool
        ) async throws
    {
        try await TestInstallation.run { hub in
            let (intake, housekeeping) = (Intake(hub), Housekeeping(hub))
            let homes = Principal(
                id: "peak_example_homes", kind: .partner, adapter: "peak_example_homes", name: "Homes")
            if let named {
                let digest = named.isEmpty ? "" : #", "sha256": "\#(named)""#
                let referral = try await arrive(
                    "R_1.json",
                    """
                    {"message_id": "R_1", "sender": "peak_example_homes", "sent_at": "2026-11-20T15:05:00Z", "type": "referral",
                     "person": {"family": "Example", "dob": "1950-01-02"}, "reason": "Would like company",
                     "referrer": {"name": "A Helper"}, "attachments": [{"name": "Visits", "file": "T_1.csv"\(digest)}]}
                    """, from: homes, intake)
                guard case .received = referral else { throw NotReceived(answer: "\(referral)") }
                try await work(hub, intake)
            }
            let answer = try await arrive("T_1.csv", "\"cat", from: homes, intake)
            guard isTaken else {
                guard case .quarantined(_, let finding) = answer else { throw NotReceived() }
                #expect(finding.code == .notParseable)
                return
            }
            guard case .received(let receipt) = answer else { throw NotReceived(answer: "\(answer)") }
            try await work(hub, intake)
            #expect(try await housekeeping.attachFiles() == AttachedFiles(attached: 1))
            let kept = try await hub.database.read { [store = hub.store] in try store.receipt(receipt.id, in: $0) }
            #expect(kept?.state == .accepted && kept?.findings == [])
            let repeated = try await arrive("T_1.csv", "\"cat", from: homes, intake)
            guard case .duplicate(let again) = repeated else { throw NotReceived(answer: "\(repeated)") }
            #expect(again.id == receipt.id && again.messageID == "T_1.csv")
        }
    }

    @Test func `a file that nobody names is quarantined with what made it no document`() async throws {
        try await TestInstallation.run(settings: "intake: { wait_minutes: 0 }") { hub in
            let (intake, housekeeping) = (Intake(hub), Housekeeping(hub))
            let answer = try await arrive("T_1.csv", "\"cat", from: charity, intake)
            guard case .received(let receipt) = answer else { throw NotReceived() }
            try await work(hub, intake)
            let waiting = try await Receipts(hub).read(receipt.id, for: charity)
            #expect(waiting?["status"] == "waiting" && waiting?["findings"] == nil)
            #expect(try await housekeeping.attachFiles() == AttachedFiles(unclaimed: 1))
            let kept = try await hub.database.read { [store = hub.store] in try store.receipt(receipt.id, in: $0) }
            #expect(kept?.state == .quarantined && kept?.findings.map(\.code) == [.incompleteSet, .notParseable])
        }
    }
}

private struct NotReceived: Error {
    var answer = ""
}

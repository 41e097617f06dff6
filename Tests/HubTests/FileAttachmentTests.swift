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
}

private struct NotReceived: Error {}

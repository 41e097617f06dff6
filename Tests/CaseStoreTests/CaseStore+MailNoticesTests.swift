import CaseStore
import Postgres
import TestSupport
import Testing

@Suite(.store) struct MailNoticesTests {
    /// A share that left by a mail.
    private func mailed(_ f: Fixture, by channel: String = "smime_email") async throws -> UUIDValue {
        let person = try await f.person()
        _ = try await f.agree(person)
        let share = try await f.share(person).id
        #expect(try await f.begin(share) == 1)
        try await f.transaction {
            try $0.execute("UPDATE record.share SET channel = \(channel) WHERE id = \(share)")
            try f.store.finishRelease(
                of: share, attempt: 1, outcome: .delivered(reference: "\(share)@lac.example"), in: $0)
        }
        return share
    }

    private func heed(
        _ f: Fixture, _ share: UUIDValue, _ action: String, _ code: String, mail: String? = nil
    ) async throws -> Bool {
        let notice = MailNotice(
            mail: mail ?? "\(share)@lac.example", action: action, hasFailed: action == "failed", code: code)
        return try await f.transaction(as: .worker) { try f.store.heed(notice, about: share, in: $0) }
    }

    private func traced(_ f: Fixture, _ share: UUIDValue, _ word: String) async throws -> [String] {
        try await f.transaction(as: .audit) { try f.store.trace(share, in: $0) }.filter { $0.text.contains(word) }.map(
            \.kind)
    }

    @Test func `a mail that failed makes its share failed, once`() async throws {
        try await Fixture.run { f in
            let share = try await mailed(f)
            for _ in 0..<2 { #expect(try await heed(f, share, "failed", "mail_5_1_1")) }
            let failed = try #require(try await f.transaction(as: .console) { try f.store.share(share, in: $0) })
            #expect(failed.state == .failed && failed.failure == "mail_5_1_1")
            #expect(try await traced(f, share, "mail_5_1_1").sorted() == ["release_outcome", "work_item"])
        }
    }

    @Test(arguments: ["delayed", "delivered", "relayed", "expanded"])
    func `all else is noted once, and proves nothing`(action: String) async throws {
        try await Fixture.run { f in
            let share = try await mailed(f)
            for _ in 0..<2 { #expect(try await heed(f, share, action, "mail_4_4_1")) }
            #expect(try await traced(f, share, "mail_\(action)") == ["share_acknowledged"])
            let noted = try #require(try await f.transaction(as: .console) { try f.store.share(share, in: $0) })
            #expect(noted.state == .delivered && noted.acknowledgement?.state != .taken)
        }
    }

    @Test func `no notice undoes what a person confirmed`() async throws {
        try await Fixture.run { f in
            let share = try await mailed(f)
            _ = try await f.transaction(as: .console) {
                try f.store.acknowledge(share, AcknowledgementTold(.taken, by: "workers/anne"), in: $0)
            }
            #expect(try await heed(f, share, "failed", "mail_5_1_1"))
            #expect(try await f.transaction(as: .console) { try f.store.share(share, in: $0)?.state } == .delivered)
            #expect(try await traced(f, share, "mail_failed") == ["share_acknowledged"])
        }
    }

    @Test func `a notice about another mail, share or channel is none of ours`() async throws {
        try await Fixture.run { f in
            let share = try await mailed(f)
            #expect(try await !heed(f, share, "failed", "mail_5_1_1", mail: "\(share)@elsewhere.example"))
            #expect(try await !heed(f, UUIDValue.v7(), "failed", "mail_5_1_1"))
            let other = try await mailed(f, by: "mesh")
            #expect(try await !heed(f, other, "failed", "mail_5_1_1"))
            for id in [share, other] {
                #expect(try await f.transaction(as: .console) { try f.store.share(id, in: $0)?.state } == .delivered)
            }
        }
    }
}

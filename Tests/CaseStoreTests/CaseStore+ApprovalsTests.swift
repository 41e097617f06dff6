import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct ApprovalsTests {
    @Test func `a share that needs two named persons is sent after the second, who is another`() async throws {
        try await Fixture.run { f in
            // Identifiable data for a public body that is not in the register: two persons must have approved.
            let share = try await f.ask(try await f.person(), recipient: "hmrc", isPublicBody: true)
            #expect((share.state, share.awaits) == (.parked, .dataProtectionOfficer))
            #expect(
                try await f.answer(share, .officer, by: "a/officer-1") == .refused(.otherRole(.dataProtectionOfficer)))
            let first = try await f.answer(share, .dataProtectionOfficer, by: "a/dpo-1")
            guard case .entered(let reviewed) = first else {
                Issue.record("\(first)")
                return
            }
            #expect((reviewed.state, reviewed.awaits) == (.parked, .officer))
            #expect(try await f.answer(share, .officer, by: "b/dpo-1") == .refused(.samePerson))
            #expect(try await f.answer(share, .officer, by: "a/asker-1") == .refused(.samePerson))
            guard case .entered(let approved) = try await f.answer(share, .officer, by: "a/officer-1") else {
                throw Unexpected()
            }
            // There is no channel to such a body: it is refused by the rules, after all approvals.
            #expect((approved.state, approved.reason) == (.refused, "channel_not_configured"))
            let items = try await f.transaction(as: .console) { try f.store.workItems(.parkedShare, in: $0) }
            #expect(items.isEmpty)
        }
    }

    @Test func `the national fraud initiative waits for a second person`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let share = try await f.ask(person, recipient: "cabinet_office", purpose: "nfi", channel: "nfi_web")
            #expect(share.awaits == .officer)
            guard case .entered(let half) = try await f.answer(share, .officer, by: "a/officer-1") else {
                throw Unexpected()
            }
            #expect((half.state, half.outcome, half.awaits) == (.parked, "PERMIT", .second))
            #expect(half.released.isEmpty && half.failure == "second_person_required")
            #expect(try await f.begin(share.id) == nil)
            #expect(try await f.answer(share, .second, by: "a/officer-1") == .refused(.samePerson))
            guard case .entered(let whole) = try await f.answer(share, .second, by: "a/officer-2") else {
                throw Unexpected()
            }
            #expect((whole.state, whole.released) == (.queued, ["DOB", "NAME"]))
            #expect(whole.approvals.map(\.role) == [.officer, .second])
            #expect(try await f.answer(share, .second, by: "a/officer-3") == .refused(.notWaiting))
            let kinds = try await f.transaction(as: .audit) { try f.store.trace(share.id, in: $0).map(\.kind) }
            #expect(kinds.filter { $0 == "share_approved" }.count == 2)
            #expect(kinds.filter { $0 == "share_decided" }.count == 3)
        }
    }

    @Test func `the data protection officer is asked again under another restriction, and may answer again`()
        async throws
    {
        try await Fixture.run { f in
            let person = try await f.person()
            func restrict(_ moment: Timestamp?) async throws {
                var circumstances = Subject()
                circumstances.restrictedOn = moment.map { Instant(microseconds: $0.microseconds) }
                try await f.transaction(as: .console) { [circumstances] in
                    try f.store.setCircumstances(circumstances, of: person, changing: [], by: "test", in: $0)
                }
            }
            try await restrict(f.now - .seconds(90))
            let share = try await f.ask(person)
            #expect(share.awaits == .dataProtectionOfficer)
            guard case .entered = try await f.answer(share, .dataProtectionOfficer, by: "a/dpo-1") else {
                throw Unexpected()
            }
            // Lifted, and restricted anew on other grounds, while the officer was waited for.
            try await restrict(f.now - .seconds(30))
            guard case .entered(let again) = try await f.answer(share, .officer, by: "a/officer-1") else {
                throw Unexpected()
            }
            #expect((again.state, again.awaits) == (.parked, .dataProtectionOfficer))
            guard case .entered(let done) = try await f.answer(share, .dataProtectionOfficer, by: "a/dpo-1") else {
                throw Unexpected()
            }
            #expect(done.state == .queued)
            // And once more before it leaves: nothing is sent on an answer to another question.
            try await restrict(f.now - .seconds(10))
            #expect(try await f.begin(share.id, at: .now()) == nil)
            let parked = try #require(try await f.transaction(as: .console) { try f.store.share(share.id, in: $0) })
            #expect((parked.state, parked.awaits) == (.parked, .dataProtectionOfficer))
        }
    }

    @Test func `who cannot be told from the asker approves nothing`() async throws {
        try await Fixture.run { f in
            let share = try await f.ask(try await f.person())
            for same in ["b/Asker-1", "ASKER-1"] {
                #expect(try await f.answer(share, .officer, by: same) == .refused(.samePerson))
            }
            let nameless = try await f.ask(try await f.person(), by: "system")
            #expect(try await f.answer(nameless, .officer, by: "system/officer-1") == .refused(.samePerson))
            guard
                case .entered(let refused) = try await f.answer(
                    nameless, .officer, by: "system/officer-1", isApproved: false)
            else { throw Unexpected() }
            #expect(refused.state == .refused)
        }
    }

    @Test func `a share that arrived before somebody was asked about it is delivered, and nobody is asked any more`()
        async throws
    {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person)
            #expect(try await f.begin(share.id) == 1)
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: share.id, attempt: 1, outcome: .unknown(code: "not_told"), in: $0)
            }
            var circumstances = Subject()
            circumstances.erasure = .requested
            try await f.transaction(as: .console) { [circumstances] in
                try f.store.setCircumstances(circumstances, of: person, changing: [], by: "test", in: $0)
            }
            #expect(try await f.begin(share.id) == nil)
            #expect(try await f.transaction(as: .console) { try f.store.share(share.id, in: $0)?.state } == .parked)
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: share.id, attempt: 1, outcome: .delivered(reference: "R"), in: $0)
            }
            let stored = try #require(try await f.transaction(as: .console) { try f.store.share(share.id, in: $0) })
            #expect((stored.state, stored.reference) == (.delivered, "R"))
            #expect(try await f.transaction(as: .console) { try f.store.workItems(.parkedShare, in: $0) }.isEmpty)
        }
    }

    @Test func `name and reason are sealed, and looking at them is entered`() async throws {
        try await Fixture.run { f in
            let share = try await f.ask(try await f.person())
            _ = try await f.answer(share, .officer, by: "a/officer-1", isApproved: false)
            let sealed = try await f.value("SELECT sealed_reason FROM record.share_approval", as: [UInt8].self)
            let text = String(decoding: sealed, as: UTF8.self)
            #expect(!text.contains("Pat") && !text.contains("harm"))
            let answers = try await f.transaction(as: .console) {
                try f.store.answers(to: share.id, viewedBy: "staff:9", in: $0)
            }
            #expect(answers.map(\.name) == ["Pat Officer"] && answers.map(\.reason) == ["Serious harm"])
            #expect(answers.map(\.answer.isApproved) == [false])
            let stored = try #require(try await f.transaction(as: .console) { try f.store.share(share.id, in: $0) })
            #expect((stored.state, stored.failure, stored.approvals) == (.refused, "not_approved", []))
            let views = try await f.transaction(as: .audit) {
                try f.store.trace(share.id, in: $0).filter { $0.kind == "view" }
            }
            #expect(views.map(\.text).allSatisfy { $0.contains("actor=staff:9") } && views.count == 1)
        }
    }

    @Test func `an answer cannot be changed or removed by the role that the hub works as`() async throws {
        try await Fixture.run { f in
            let share = try await f.ask(try await f.person())
            _ = try await f.answer(share, .officer, by: "a/officer-1")
            for sql: SQL in ["UPDATE record.share_approval SET approver = 'x'", "DELETE FROM record.share_approval"] {
                await #expect(throws: PostgresError.self) { _ = try await f.transaction { try $0.execute(sql) } }
            }
        }
    }

    @Test func `a share that was asked for on no authority waits for one to be named, once`() async throws {
        try await Fixture.run { f in
            let share = try await f.ask(try await f.person(), authority: nil)
            #expect((share.reason, share.awaits) == ("legal_authority_required", .officer))
            #expect(try await f.answer(share, .officer, by: "a/officer-1") == .refused(.authority))
            guard
                case .entered(let approved) = try await f.answer(share, .officer, by: "a/officer-1", authority: "s42-1")
            else { throw Unexpected() }
            #expect((approved.state, approved.request.grounds.authorityReference) == (.queued, "s42-1"))
            #expect(ShareGrounds(authorityReference: "Elsie Canary").authorityReference == "unreadable")
        }
    }
}

extension Fixture {
    enum Answered: Equatable {
        case entered(Share)
        case refused(ApprovalRefusal)
    }

    /// Asks for a safeguarding concern about somebody.
    func concern(_ person: UUIDValue) async throws -> Share { try await ask(person) }

    /// Asks for a share that rests on a law.
    fileprivate func ask(
        _ person: UUIDValue, recipient: String = "council_asc", purpose: String = "safeguarding",
        channel: String = "https_mtls", authority: String? = "s42-1", isPublicBody: Bool = false,
        by asker: String = "a/asker-1"
    ) async throws -> Share {
        let request = ShareRequest(
            person: person, recipient: recipient, purpose: purpose, groups: ["DOB", "NAME"], channel: channel,
            grounds: ShareGrounds(authorityReference: authority, isPublicBody: isPublicBody),
            requestedBy: asker, requestedAt: now)
        return try #require(
            try await transaction { connection -> Share? in
                guard let asked = try store.ask([request], at: now, in: connection, recipient: setup)[0] else {
                    return nil
                }
                return try store.create([NewShare(asked, decision: Policy.decide(asked.facts))], in: connection).first
            })
    }

    private func setup(_ recipient: String) -> RecipientSetup {
        RecipientSetup(channels: recipient == "hmrc" ? [] : [.httpsMutualTLS, .nfiWeb])
    }

    private func setup(_ request: ShareRequest) -> RecipientSetup { setup(request.recipient) }

    fileprivate func answer(
        _ share: Share, _ role: ApprovalRole, by approver: String, isApproved: Bool = true, authority: String? = nil
    ) async throws -> Answered {
        let answer = NewApproval(
            role: role, isApproved: isApproved, approver: approver, name: "Pat Officer", reason: "Serious harm",
            authorityReference: authority)
        return try await transaction { connection in
            let answering = try store.prepareAnswer(answer, to: share.id, in: connection) { setup($0.request) }
            switch try #require(answering) {
            case .refused(let refusal): return .refused(refusal)
            case .taken(let prepared) where !isApproved:
                return .entered(try store.refuse(answer, prepared, in: connection))
            case .taken(let prepared):
                let decision = Policy.decide(prepared.facts)
                return .entered(
                    try store.approve(answer, prepared, decision: decision, message: 7, in: connection))
            }
        }
    }
}

import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing
import Vault

@Suite(.store) struct StoredDecisionTests {
    @Test func `each kept decision of a share comes out the same again, by its id and by the share's`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(
                person, scope: [.init(recipient: "derby_homes", purposes: [.housingSupport], groups: [.name, .needs])])
            let share = try await f.share(person)
            #expect(try await f.begin(share.id) == 1)
            let kept = try await f.transaction(as: .console) {
                try f.store.decisions(share.id, viewedBy: "test", in: $0)
            }
            #expect(kept.map(\.facts.stage) == [.request, .send])
            for stored in kept {
                #expect(stored.share == share.id)
                #expect(stored.policyVersion == PolicyRules.notice.version)
                let again = Policy.decide(stored.facts)
                #expect(stored.agrees(with: again))
                #expect(again.reason == .fieldsWithheld && again.released == [.name, .needs])
            }
            let one = try await f.transaction(as: .console) {
                try f.store.decisions(kept[1].id, viewedBy: "test", in: $0)
            }
            #expect(one == [kept[1]])
        }
    }

    @Test func `a decision does not agree with one that comes out otherwise`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person)
            let stored = try #require(
                try await f.transaction(as: .console) { try f.store.decisions(share.id, viewedBy: "test", in: $0) }
                    .first)
            var facts = stored.facts
            facts.agreements = []
            #expect(!stored.agrees(with: Policy.decide(facts)))
            var rules = PolicyRules.notice
            rules.version = "notice-1.rules-2"
            #expect(!stored.agrees(with: Policy.decide(stored.facts, rules: rules)))
        }
    }

    @Test func `who looks at kept facts is on the ledger, and nobody is there for an unknown id`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let share = try await f.share(person)
            _ = try await f.transaction(as: .console) { try f.store.decisions(share.id, viewedBy: "command", in: $0) }
            let kinds = try await f.transaction(as: .audit) { try f.store.trace(share.id, in: $0).map(\.kind) }
            #expect(kinds == ["share_requested", "share_decided", "view"])
            #expect(
                try await f.transaction(as: .console) { try f.store.decisions(.v7(), viewedBy: "command", in: $0) }
                    .isEmpty)
        }
    }

    @Test func `facts that were moved to another decision do not open`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let first = try await f.share(person)
            let second = try await f.share(person)
            _ = try await TestDatabase.current.database.query(
                """
                UPDATE record.decision
                SET sealed_facts = (SELECT sealed_facts FROM record.decision WHERE share = \(first.id))
                WHERE share = \(second.id)
                """)
            await #expect(throws: (any Error).self) {
                try await f.transaction(as: .console) { try f.store.decisions(second.id, viewedBy: "test", in: $0) }
            }
        }
    }
}

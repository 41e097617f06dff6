import Referral
import Testing

@testable import Console

private let reader = Console.Reader(
    account: "an.admin", token: "t0ken", signOutPath: "/out", accountPath: "/me", nonce: "n0nce")
private let console = Console(team: "Example Team")
private let now = Instant(rfc3339: "2026-01-15T12:00:00Z")!
private let script = "<script>alert(1)</script>"
private let parts = Set(Console.SettingsPart.allCases)
private let sections: Set<Console.Section> = [.flow, .settings]

private func days(_ days: Int) -> Instant { Instant(microseconds: now.microseconds + Int64(days) * 86_400_000_000) }

@Suite struct PartnerSettingsPageTests {
    private func key(
        _ id: String, _ state: PartnerSettings.Credential.State = .live, ends: Instant? = nil,
        kind: PartnerSettings.Credential.Kind = .apiKey, mark: String = ""
    ) -> PartnerSettings.Credential {
        .init(
            kind: kind, id: id, mark: mark, state: state, addedAt: now, endsAt: ends,
            revokedAt: state == .revoked ? now : nil)
    }

    private func partner(
        name: String = "A Partner", isEnabled: Bool = true, isControlRoom: Bool = false, waysIn: [String] = ["https"],
        _ credentials: [PartnerSettings.Credential] = []
    ) -> PartnerSettings {
        PartnerSettings(
            id: "uhdb", name: name, isOfStaff: false, isEnabled: isEnabled, isControlRoom: isControlRoom,
            adapter: "uhdb", roles: [], waysIn: waysIn, waysOut: [], credentials: credentials,
            seen: "as they were")
    }

    private func page(
        _ partner: PartnerSettings, mayManage: Bool = true, hasNextKey: Bool = false,
        change: Console.PartnerChange? = nil
    ) -> String {
        console.partner(
            partner, mayManage: mayManage, hasNextKey: hasNextKey, change: change, parts: parts, at: now, reader,
            sections: sections)
    }

    @Test func `only whoever manages partners has anything to press`() {
        let one = partner([key("abcdefgh")])
        #expect(page(one).contains(">Suspend it</button>") && page(one).contains(">Revoke abcdefgh</button>"))
        let read = page(one, mayManage: false)
        #expect(!read.contains("name=\"do\"") && read.contains("abcdefgh"))
    }

    @Test func `whatever is not revoked can be`() {
        let text = page(partner([key("livelive"), key("deaddead", .revoked), key("overover", .ended, ends: now)]))
        #expect(text.contains(">Revoke livelive</button>") && text.contains(">Revoke overover</button>"))
        #expect(!text.contains("Revoke deaddead"))
    }

    @Test func `a certificate whose noted end has passed is not said to have ended`() {
        let one = partner([key("c1", ends: days(-3), kind: .certificate, mark: "ab12")])
        #expect(page(one).contains("live: its noted end has passed") && !page(one).contains("ends soon"))
        #expect(list([one]).contains("has passed:"))
    }

    @Test func `an end is told for thirty days before it`() {
        #expect(page(partner([key("abcdefgh", ends: days(29))])).contains("live, ends soon"))
        #expect(!page(partner([key("abcdefgh", ends: days(31))])).contains("ends soon"))
        #expect(!page(partner([key("abcdefgh", .revoked, ends: days(2))])).contains("ends soon"))
    }

    @Test func `what was done is told where it still holds`() {
        #expect(page(partner(isEnabled: false), change: .suspended).contains("role=\"status\">It is suspended"))
        #expect(!page(partner(), change: .suspended).contains("role=\"status\""))
        #expect(page(partner(), change: .overtaken).contains("somebody else did something meanwhile"))
        #expect(page(partner([key("aaaaaaaa", .revoked)]), change: .revoked).contains("role=\"status\""))
        #expect(!page(partner([key("aaaaaaaa")]), change: .revoked).contains("role=\"status\""))
    }

    @Test func `a name is shown as it is and runs nothing`() {
        for text in [page(partner(name: script)), list([partner(name: script)])] {
            #expect(!text.contains(script) && text.contains("&lt;script&gt;alert(1)"))
        }
    }

    private func list(_ partners: [PartnerSettings]) -> String {
        console.partners(partners, parts: parts, at: now, reader, sections: sections)
    }

    @Test func `an empty list says what to do next`() {
        #expect(list([]).contains("hub partner add ID --name NAME"))
    }

    @Test func `the last credential is named as the last`() {
        let last = Console.question(revoking: key("aaaaaaaa"), of: partner([key("aaaaaaaa")]))
        #expect(last.effects.contains { $0.contains("cannot call at all") })
        let both = partner([key("aaaaaaaa"), key("bbbbbbbb"), key("cccccccc", .revoked)])
        let one = Console.question(revoking: key("aaaaaaaa"), of: both)
        #expect(one.effects.contains("A Partner is still let in over HTTP by: the API key bbbbbbbb."))
        let over = Console.question(revoking: key("dddddddd", .ended, ends: days(-1)), of: both)
        #expect(!over.effects.contains { $0.contains("let in by:") || $0.contains("the last") })
    }

    @Test func `a partner that sends by other ways too is not said to be cut off`() {
        let one = partner(waysIn: ["https", "mesh", "mllp"], [key("aaaaaaaa")])
        let effects = Console.question(revoking: key("aaaaaaaa"), of: one).effects
        #expect(
            effects.contains {
                $0.contains("cannot call by HTTP. What it sends by mesh, mllp is still taken") && $0.contains("suspend")
            })
        #expect(page(partner(waysIn: ["mllp"])).contains("What it sends by mllp is taken all the same."))
        #expect(page(partner()).contains("Nothing yet, so it cannot call.<"))
    }

    @Test func `each credential that is left is named as people know it`() {
        let certificate = key("01", kind: .certificate, mark: "0123456789abcdef0123456789abcdef")
        let named = key("02", kind: .certificateName, mark: "pas.uhdb.example")
        let signing = key("uhdb/1", kind: .clientKey)
        let one = partner([key("aaaaaaaa"), certificate, named, signing])
        let left = Console.question(revoking: key("aaaaaaaa"), of: one).effects
        #expect(
            left.contains(
                "A Partner is still let in over HTTP by: the certificate whose key has the SHA-256 0123456789abcdef…, "
                    + "the certificate with the name pas.uhdb.example, the client key uhdb/1."))
        // A certificate that is known by its key and bears the name is refused under the name as well.
        let barred = Console.question(revoking: certificate, of: one).effects
        #expect(barred.contains { $0.contains("not even one that bears the name pas.uhdb.example.") })
        #expect(!left.contains { $0.contains("not even") })
    }

    @Test func `that a control room can look nobody up any more is said first`() {
        let certificate = key("01", kind: .certificate, mark: "ab")
        let room = partner(isControlRoom: true, [key("aaaaaaaa"), certificate])
        #expect(Console.question(revoking: certificate, of: room).effects[0].contains("can look nobody up"))
        #expect(!Console.question(revoking: key("aaaaaaaa"), of: room).effects.contains { $0.contains("control room") })
        let other = partner(isControlRoom: true, [certificate, key("uhdb/1", kind: .clientKey)])
        #expect(!Console.question(revoking: certificate, of: other).effects.contains { $0.contains("control room") })
        let suspending = Console.question(suspending: room).effects
        #expect(suspending[0].contains("look nobody up") && suspending[0].contains("phone calls"))
        #expect(!Console.question(suspending: partner()).effects.contains { $0.contains("control room") })
    }

    @Test func `a form says how things stood when it was made`() {
        let live = partner([key("aaaaaaaa")])
        #expect(page(live).contains("name=\"seen\" value=\"as they were\""))
        let revoking = Console.question(revoking: key("aaaaaaaa"), of: live)
        #expect(revoking.fields.contains { $0 == ("seen", "as they were") })
        #expect(Console.question(suspending: partner()).fields.contains { $0 == ("seen", "active") })
        #expect(Console.question(suspending: partner(isEnabled: false)).fields.contains { $0 == ("seen", "suspended") })
        let form = console.nextKey(
            of: partner([key("bbbbbbbb"), key("aaaaaaaa"), key("cccccccc", .revoked)]), parts: parts, at: now, reader,
            sections: sections)
        #expect(form.contains("name=\"seen\" value=\"aaaaaaaa bbbbbbbb\""))
    }

    @Test func `the next key is offered for as long as the one before was made for`() {
        func form(_ ends: Instant?, entered: Console.Entered = .init()) -> String {
            console.nextKey(
                of: partner([key("aaaaaaaa", ends: ends)]), entered: entered, parts: parts, at: now, reader,
                sections: sections)
        }
        #expect(form(days(90)).contains("name=\"days\" value=\"90\"") && form(days(90)).contains("for 90 days"))
        #expect(form(nil).contains("name=\"days\" value=\"\"") && form(nil).contains("Leave it empty"))
        let wrong = form(days(90), entered: .init(fields: ["days": "x"], mistakes: [("days", "Enter a number")]))
        #expect(wrong.contains("name=\"days\" value=\"x\""))
    }
}

@Suite struct StaffSettingsPageTests {
    private func user(
        isEnabled: Bool = true, roles: [String] = ["operator"], controlRoom: String? = nil,
        proof: StaffSettings.Proof = .password, lockedUntil: Instant? = nil, sessions: Int = 0
    ) -> StaffSettings {
        StaffSettings(
            id: "a.worker", isEnabled: isEnabled, roles: roles, controlRoom: controlRoom, proof: proof, addedAt: now,
            lockedUntil: lockedUntil, signedInAt: nil, sessions: sessions, seenAt: now, seen: "as it was")
    }

    private func page(
        _ user: StaffSettings, mayManage: Bool = true, isOwn: Bool = false, change: Console.StaffChange? = nil
    ) -> String {
        console.user(
            user, allRoles: ["operator", "auditor"], mayManage: mayManage, isOwn: isOwn, change: change, parts: parts,
            at: now, reader,
            sections: sections)
    }

    @Test func `nobody has anything to press about themselves, nor who only reads`() {
        #expect(page(user()).contains(">Change the roles</button>"))
        for text in [page(user(), isOwn: true), page(user(), mayManage: false)] {
            #expect(!text.contains("name=\"do\""))
        }
    }

    @Test func `what the council's sign-in decides is not changed here`() {
        let text = page(user(proof: .provider))
        #expect(!text.contains("value=\"roles\"") && !text.contains("value=\"invite\""))
        #expect(text.contains("value=\"disable\""))
        let room = page(user(roles: [], controlRoom: "emas"))
        #expect(!room.contains("value=\"roles\"") && room.contains("value=\"invite\""))
    }

    @Test(arguments: [Console.StaffChange.roles, .signedOut])
    func `that it is signed in nowhere is told where it holds`(change: Console.StaffChange) {
        #expect(page(user(), change: change).contains("signed in nowhere"))
        #expect(!page(user(sessions: 1), change: change).contains("role=\"status\""))
    }

    @Test func `an account that is shut out is given no link, which would not work`() {
        let text = page(user(isEnabled: false))
        #expect(!text.contains("value=\"invite\"") && text.contains("value=\"enable\""))
    }

    @Test func `a link is told apart from one that is over, and a lock from one that was`() {
        #expect(page(user(proof: .link(until: days(1)))).contains("its link is good until"))
        for until in [days(-1), nil] { #expect(page(user(proof: .link(until: until))).contains("its link is over")) }
        #expect(page(user(lockedUntil: days(1))).contains("after wrong attempts, until"))
        #expect(!page(user(lockedUntil: days(-1))).contains("after wrong attempts"))
    }

    @Test func `other roles are asked about by what is gained and lost`() {
        let question = Console.question(about: user(), roles: ["auditor"])
        #expect(question.effects[0] == "It may do what these may: auditor.")
        #expect(question.effects[1] == "It may not any more do what these may: operator.")
        #expect(question.fields.contains { $0 == ("role_auditor", "yes") })
        #expect(Console.question(about: user(), roles: ["operator"]).effects[0] == "It keeps the roles that it has.")
    }

    @Test func `what cannot be undone is asked, signing out is not`() {
        for deed in ["disable", "enable", "invite"] {
            #expect(
                Console.question(about: user(), deed: deed)?.fields.contains { $0 == ("seen", "as it was") } == true)
        }
        #expect(Console.question(about: user(), deed: "sign_out") == nil)
    }

    @Test func `a form that was refused keeps what was entered, and says what is wrong where it is`() {
        let entered = Console.Entered(
            fields: ["name": script, "role_auditor": "yes"], mistakes: [("name", "Enter less"), ("choice", "Choose")])
        let text = console.newUser(
            allRoles: ["operator", "auditor"], entered: entered, parts: parts, at: now, reader, sections: sections)
        #expect(text.contains("<title>Error: Add a user"))
        #expect(text.contains("id=\"name-error\"") && text.contains("id=\"choice-error\""))
        #expect(text.contains("name=\"role_auditor\" value=\"yes\" checked"))
        #expect(!text.contains("name=\"role_operator\" value=\"yes\" checked"))
        #expect(!text.contains(script))
    }
}

@Suite struct AdapterSettingsPageTests {
    private func adapter(_ tests: AdapterSettings.Tests) -> AdapterSettings {
        AdapterSettings(
            id: "uhdb", name: "Hospital", kind: "nhs_trust",
            ways: [
                .init(purpose: "in", channel: "mllp", format: "hl7v2", file: "uhdb/a.map.yaml", digest: .unreadable),
                .init(purpose: "in", channel: "mllp", format: "hl7v2", file: "reply", digest: .builtIn),
            ], others: [("hl7v2/message.map.yaml", .sha256("abcd"))], shared: .sha256("ef01"), partners: ["uhdb"],
            isChanged: false, tests: tests)
    }

    private func page(_ tests: AdapterSettings.Tests) -> String {
        console.adapter(adapter(tests), parts: parts, at: now, reader, sections: sections)
    }

    @Test func `a sample that fails names each place, and no more than twenty`() {
        let differences = (1...23).map { ("field\($0)", "\"\(script)\"", "nothing") }
        let text = page(.done([.init(file: "uhdb/samples/in/a.hl7", differences: differences)], at: now))
        #expect(text.contains("Why uhdb/samples/in/a.hl7 fails") && text.contains("3 more differences are not shown."))
        #expect(text.contains("field20") && !text.contains("field21") && !text.contains(script))
    }

    @Test func `what is built in is not said to be unreadable, and what a file extends has its hash`() {
        let text = page(.never)
        #expect(text.ranges(of: "cannot be read").count == 1 && text.contains("built in"))
        #expect(text.contains("hl7v2/message.map.yaml") && text.contains("abcd") && text.contains("ef01"))
    }

    @Test func `what was not tested is not said to have passed`() {
        for tests in [AdapterSettings.Tests.never, .running, .leftOut(at: now)] {
            #expect(!page(tests).contains("passed"))
            let list = console.adapters(
                [adapter(tests)], isRunning: false, parts: parts, at: now, reader, sections: sections)
            #expect(list.contains("The samples were not run since"))
        }
        #expect(page(.done([.init(file: "a", differences: [])], at: now)).contains("passed"))
    }
}

@Suite struct SettingsOverviewPageTests {
    private func overview(
        failing: Int? = nil, unprotected: [String] = [], backup: SettingsOverview.Backup = .folder(last: now),
        ends: [SettingsOverview.End] = [], users: SettingsOverview.Counts? = .init(all: 1, enabled: 1)
    ) -> SettingsOverview {
        SettingsOverview(
            at: now, schema: ["record 34"], node: "node-1", servingSince: now, nodes: [("node-1", now)],
            policy: ("notice-1.rules-1", "ab", now), partners: .init(all: 3, enabled: 2), adapters: 40,
            failingAdapters: failing, users: users, unprotected: unprotected,
            key: .init(mark: "0011", currentSince: nil), backup: backup, ends: ends)
    }

    @Test func `nothing is to be seen to where all is well`() {
        #expect(overview().points.isEmpty && overview(failing: 0).points.isEmpty)
        let text = console.settingsOverview(overview(), parts: parts, reader, sections: sections)
        #expect(text.contains("Nothing: no end is near") && text.contains("<title>Settings – "))
        #expect(text.contains("3, 2 of them active"))
    }

    @Test func `each thing to see to is told`() {
        let points = overview(
            failing: 2, unprotected: ["new.one"], backup: .folder(last: days(-3)),
            ends: [
                .init(what: "a", at: days(3)), .init(what: "b", at: days(-3)), .init(what: "c", at: nil),
            ]
        ).points
        #expect(
            points.map(\.state) == ["Ends soon:", "Ended:", "Unreadable:", "Failing:", "Not set up:", "Late:"])
        #expect(overview(backup: .none).points.map(\.state) == ["Not backed up:"])
        #expect(overview(backup: .folder(last: nil)).points.map(\.state) == ["Late:"])
    }

    @Test func `whoever may not see accounts sees neither their number nor the way there`() {
        let text = console.settingsOverview(
            overview(users: nil), parts: parts.subtracting([.users]), reader, sections: sections)
        #expect(!text.contains("Accounts of staff") && !text.contains(Console.SettingsPart.users.path))
    }
}

@Suite struct PolicySettingsPageTests {
    private func rule(_ purpose: String, groups: [String] = ["name"]) -> PolicySettings.Rule {
        .init(
            purpose: purpose, level: "identifiable", recipients: ["uhdb"], groups: groups, channels: ["mesh"],
            clauses: ["C1"])
    }

    @Test func `a version that is kept is held against the one in force`() {
        let old = PolicySettings.Version(name: "rules-1", isInForce: false, digest: "ab", used: [])
        let policy = PolicySettings(
            version: old, versions: [old], rules: [rule("nfi"), rule("emergency"), rule("housing_support")],
            rulesInForce: [rule("nfi"), rule("emergency", groups: ["name", "health"]), rule("care_support")],
            purposes: [], recipients: 1)
        #expect(policy.rules.map(policy.comparison) == ["the same", "other what may go", "not in the one in force"])
        #expect(policy.missing == [rule("care_support")])
        let text = console.policy(policy, parts: parts, at: now, reader, sections: sections)
        #expect(text.contains("a rule that this one lacks: care support, identifiable."))
    }
}

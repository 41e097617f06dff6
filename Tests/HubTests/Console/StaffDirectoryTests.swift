import Postgres
import Rights
import TestSupport
import Testing

@testable import CaseStore
@testable import Hub

/// What administrators do about accounts, and that one of them is always left.
@Suite(.installation) struct StaffDirectoryTests {
    private func run(
        _ accounts: [(String, [Role])] = [
            ("one", [.administrator]), ("two", [.administrator]), ("worker", [.coordinator]),
        ],
        _ body: (Installation, StaffDirectory) async throws -> Void
    ) async throws {
        try await TestInstallation.run { hub in
            try await hub.database.transaction { [store = hub.store] connection in
                for (name, roles) in accounts {
                    _ = try store.addStaff(name, roles: roles, by: "command", in: connection)
                }
            }
            try await body(hub, StaffDirectory(hub))
        }
    }

    private func open(_ name: String, _ hub: Installation) async throws -> StaffSessions.Open {
        try #require(try await StaffSessions(hub).open(name, insteadOf: nil))
    }

    private func seen(_ name: String, _ directory: StaffDirectory) async throws -> String {
        try #require(try await directory.sheet(of: name)).seen
    }

    @Test func `a change is made by who saw how the account is now, once`() async throws {
        try await run { hub, directory in
            let one = try await open("one", hub)
            let seen = try await seen("worker", directory)
            let change = StaffDirectory.Change.roles([.auditor])
            #expect(try await directory.make(change, to: "worker", seen: seen, by: one) == .done)
            #expect(try await directory.make(change, to: "worker", seen: seen, by: one) == .overtaken)
            #expect(try await directory.sheet(of: "worker")?.account.roles == [.auditor])
            #expect(try await directory.make(.disable, to: "nobody", seen: seen, by: one) == .unknown)
        }
    }

    @Test func `nobody changes their own account`() async throws {
        try await run { hub, directory in
            let one = try await open("one", hub)
            for change in [StaffDirectory.Change.roles([.operator]), .disable, .invite, .signOut, .enable] {
                let outcome = try await directory.make(
                    change, to: "one", seen: try await seen("one", directory), by: one)
                #expect(outcome == .refused(.ownAccount))
            }
        }
    }

    @Test(arguments: [StaffDirectory.Change.disable, .invite, .signOut, .roles([.auditor])])
    func `of two administrators who shut each other out at once, one is left`(
        change: StaffDirectory.Change
    ) async throws {
        try await run { hub, directory in
            for round in 0..<5 {
                let (one, two) = (try await open("one", hub), try await open("two", hub))
                let (seenOne, seenTwo) = (try await seen("one", directory), try await seen("two", directory))
                async let first = result { try await directory.make(change, to: "two", seen: seenTwo, by: one) }
                async let second = result { try await directory.make(change, to: "one", seen: seenOne, by: two) }
                let outcomes = [await first, await second]
                #expect(outcomes.filter { (try? $0.get()) != nil }.count == 1, "\(round): \(outcomes)")
                for outcome in outcomes {
                    if case .failure(let error) = outcome { #expect(error is StaffSessions.Ended, "\(round)") }
                }
                let left = try await directory.sheets().filter { $0.presence.sessions > 0 }
                #expect(left.count == 1 && left.allSatisfy(\.account.isEnabled), "\(round)")
                try await hub.database.transaction { [store = hub.store] connection in
                    for name in ["one", "two"] {
                        _ = try store.setStaffRoles([.administrator], of: name, by: "command", in: connection)
                        _ = try store.setStaffEnabled(true, name, by: "command", in: connection)
                    }
                }
            }
        }
    }

    private func result<T: Sendable>(_ body: () async throws -> T) async -> Result<T, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }

    @Test func `whoever was signed out meanwhile, or has lost the role, changes and adds nothing`() async throws {
        try await run { hub, directory in
            for round in ["roles", "signed out"] {
                let one = try await open("one", hub)
                try await hub.database.transaction { [store = hub.store] connection in
                    if round == "roles" {
                        _ = try store.setStaffRoles([.auditor], of: "one", by: "command", in: connection)
                    } else {
                        _ = try store.setStaffRoles([.administrator], of: "one", by: "command", in: connection)
                        try store.openSession([1], of: "one", in: connection)
                        _ = try store.signOutStaff("one", by: "command", in: connection)
                    }
                }
                let seen = try await seen("worker", directory)
                await #expect(throws: StaffSessions.Ended.self) {
                    try await directory.make(.disable, to: "worker", seen: seen, by: one)
                }
                await #expect(throws: StaffSessions.Ended.self) {
                    try await directory.add("new.one", roles: [.administrator], by: one)
                }
            }
            #expect(try await directory.sheet(of: "new.one") == nil)
            #expect(try await directory.sheet(of: "worker")?.account.isEnabled == true)
        }
    }

    @Test func `signing out ends each session, and the last sign-in stays known`() async throws {
        try await run { hub, directory in
            let one = try await open("one", hub)
            let worker = try await open("worker", hub)
            let before = try #require(try await directory.sheet(of: "worker"))
            #expect(before.presence.sessions == 1 && before.account.signedInAt != nil)
            #expect(try await directory.make(.signOut, to: "worker", seen: before.seen, by: one) == .done)
            #expect(try await StaffSessions(hub).resume(worker.cookie) == nil)
            let after = try #require(try await directory.sheet(of: "worker"))
            #expect(after.presence.sessions == 0 && after.account.signedInAt == before.account.signedInAt)
        }
    }

    @Test func `an account is added with a link, once`() async throws {
        try await run { hub, directory in
            let one = try await open("one", hub)
            let link = try #require(try await directory.add("new.one", roles: [.auditor], by: one))
            let token = String(try #require(link.split(separator: "=").last))
            #expect(try await StaffAccounts(hub).settingUp(by: token)?.account == "new.one")
            #expect(try await directory.add("new.one", roles: [.administrator], by: one) == nil)
            let sheet = try #require(try await directory.sheet(of: "new.one"))
            #expect(sheet.account.roles == [.auditor] && sheet.presence.invitedUntil != nil)
            // The link is another now, and a form from before makes no third.
            guard case .invited = try await directory.make(.invite, to: "new.one", seen: sheet.seen, by: one) else {
                Issue.record("no link was made")
                return
            }
            #expect(try await StaffAccounts(hub).settingUp(by: token) == nil)
            #expect(try await directory.make(.invite, to: "new.one", seen: sheet.seen, by: one) == .overtaken)
        }
    }

    @Test func `privacy officers are told of each way that somebody is let in to persons, and of nothing else`()
        async throws
    {
        try await run([("one", [.administrator]), ("other", [.operator])]) { hub, directory in
            let one = try await open("one", hub)
            func told() async throws -> [[String?]] {
                try await hub.database.read { [store = hub.store] connection in
                    try store.workItems(.givenAccess, in: connection).map {
                        [$0.item.code, $0.item.account, $0.item.actor]
                    }
                }
            }
            func make(_ change: StaffDirectory.Change) async throws {
                _ = try await directory.make(change, to: "other", seen: try await seen("other", directory), by: one)
            }
            try await make(.invite)
            try await make(.roles([.auditor, .administrator]))
            #expect(try await directory.add("new.one", roles: [.operator], by: one) != nil)
            #expect(try await told().isEmpty)
            try await make(.roles([.auditor, .coordinator]))
            // It has that role already.
            try await make(.roles([.coordinator]))
            try await make(.invite)
            #expect(try await directory.add("new.two", roles: [.privacyOfficer], by: one) != nil)
            // Of a name that is taken nothing comes.
            #expect(try await directory.add("new.two", roles: [.coordinator], by: one) == nil)
            #expect(
                try await told() == [
                    ["role_given", "other", "staff/one"], ["link_made", "other", "staff/one"],
                    ["account_added", "new.two", "staff/one"],
                ])
            #expect(try await StaffAccounts(hub).add("new.three", roles: [.coordinator], by: .command) != nil)
            #expect(try await told().count == 3)
        }
    }

    @Test func `what the provider decides, and accounts of control rooms, have roles from nobody here`() {
        func account(_ proof: StaffAccount.Proof, room: String? = nil, isEnabled: Bool = true) -> StaffAccount {
            StaffAccount(
                id: "x", roles: room == nil ? [.operator] : [], controlRoom: room, isEnabled: isEnabled, proof: proof,
                addedAt: .now(), lockedUntil: nil, signedInAt: nil)
        }
        let roles = StaffDirectory.Change.roles([.auditor])
        #expect(StaffDirectory.refusal(of: roles, to: account(.provider)) == .ofProvider)
        #expect(StaffDirectory.refusal(of: .invite, to: account(.provider)) == .ofProvider)
        #expect(StaffDirectory.refusal(of: .disable, to: account(.provider)) == nil)
        #expect(StaffDirectory.refusal(of: roles, to: account(.password, room: "emas")) == .ofControlRoom)
        #expect(StaffDirectory.refusal(of: .roles([]), to: account(.password)) == .noRoles)
        #expect(StaffDirectory.refusal(of: roles, to: account(.none)) == nil)
        #expect(StaffDirectory.refusal(of: .invite, to: account(.password, isEnabled: false)) == .shutOut)
        #expect(StaffDirectory.refusal(of: .enable, to: account(.password, isEnabled: false)) == nil)
    }
}

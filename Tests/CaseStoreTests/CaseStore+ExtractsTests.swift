import CaseStore
import Crypto
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct CaseStoreExtractsTests {
    private static let project = ExtractProject(
        recipient: "council_insight", id: "loneliness-2026", purpose: .researchEvaluation, level: .pseudonymised,
        groups: [.demographics, .needs], channel: .sftp, undertakings: "IG-2026-014",
        starts: CalendarDate(iso: "2026-03-01")!, ends: CalendarDate(iso: "2026-12-31")!,
        destroyBy: CalendarDate(iso: "2027-12-31")!)

    private func added(_ f: Fixture, _ change: (inout ExtractProject) -> Void = { _ in }) async throws -> ExtractProject
    {
        var project = Self.project
        change(&project)
        let fixed = project
        #expect(try await f.transaction { try f.store.add(fixed, at: f.now, by: "staff:1", in: $0) })
        return project
    }

    private func judged(_ project: ExtractProject, _ f: Fixture, id: UUIDValue = .v7()) -> NewExtract {
        let facts = project.facts(about: .anybody, isSuspended: false, at: f.now)
        return NewExtract(
            id: id, project: project, decision: Policy.decide(facts), facts: facts, days: nil, actor: "staff:1")
    }

    @Test func `a project is read as it was entered, and entered once`() async throws {
        try await Fixture.run { f in
            let project = try await added(f) { $0.whyIdentifiable = "linkage" }
            #expect(try await f.transaction(as: .console) { try f.store.extractProjects(in: $0) } == [project])
            var other = project
            other.purpose = .healthPlanning
            let changed = other
            #expect(try await !f.transaction { try f.store.add(changed, by: "staff:1", in: $0) })
            let stored = try await f.transaction(as: .console) {
                try f.store.extractProject("loneliness-2026", of: "council_insight", in: $0)
            }
            #expect(stored == project)
        }
    }

    @Test func `outside its days a project gives nothing`() async throws {
        try await Fixture.run { f in
            for (at, reason) in [
                ("2026-02-28T23:59:59Z", ReasonCode.recipientSuspended), ("2026-03-01T00:00:00Z", .permitted),
                ("2026-12-31T23:59:59Z", .permitted), ("2027-01-01T00:00:00Z", .recipientSuspended),
            ] {
                let at = try #require(Timestamp(rfc3339: at))
                let facts = Self.project.facts(about: .anybody, isSuspended: false, at: at)
                #expect(Policy.decide(facts).reason == reason)
            }
            let disabled = Self.project.facts(about: .anybody, isSuspended: true, at: f.now)
            #expect(Policy.decide(disabled).reason == .recipientSuspended)
        }
    }

    @Test func `a project has one key, another project another, and an extract may have its own`() async throws {
        try await Fixture.run { f in
            let project = try await added(f)
            let other = try await added(f) { $0.id = "other" }
            let keys = try await f.transaction(as: .console) { connection in
                [
                    try f.store.pseudonymKey(of: project, in: connection),
                    try f.store.pseudonymKey(of: project, in: connection),
                    try f.store.pseudonymKey(of: other, in: connection),
                    try f.store.makePseudonymKey(of: project, forExtract: .v7(), in: connection),
                    try f.store.makePseudonymKey(of: project, forExtract: .v7(), in: connection),
                    try f.store.pseudonymKey(of: project, in: connection),
                ]
            }
            let pseudonyms = keys.map { $0.pseudonym(of: "p", recipient: "r", project: "x") }
            #expect(pseudonyms[0] == pseudonyms[1] && pseudonyms[0] == pseudonyms[5])
            #expect(Set(pseudonyms).count == 4 && Set(keys.map(\.id)).count == 4)
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'key_made'", as: Int.self) == 4)
        }
    }

    @Test func `a key does not open in another's place`() async throws {
        try await Fixture.run { f in
            let project = try await added(f)
            let other = try await added(f) { $0.id = "other" }
            _ = try await f.transaction(as: .console) { connection in
                (
                    try f.store.pseudonymKey(of: project, in: connection),
                    try f.store.pseudonymKey(of: other, in: connection)
                )
            }
            _ = try await TestDatabase.current.database.query(
                """
                UPDATE record.pseudonym_key SET wrapped_key = other.wrapped_key, sealed_secret = other.sealed_secret
                FROM record.pseudonym_key AS other
                WHERE pseudonym_key.project = 'loneliness-2026' AND other.project = 'other'
                """)
            await #expect(throws: (any Error).self) {
                _ = try await f.transaction(as: .console) { try f.store.pseudonymKey(of: project, in: $0).id }
            }
        }
    }

    @Test func `a cohort tells bands of nobody who is erased, and of two who are one only once`() async throws {
        try await Fixture.run { f in
            let first = try await f.person()
            let second = try await f.person(f.referral(id: "r-2", nhs: nil, family: "Other"))
            let erased = try await f.person(f.referral(id: "r-3", nhs: nil, family: "Third"))
            _ = try await TestDatabase.current.database.query("DELETE FROM record.person_key WHERE person = \(erased)")
            _ = try await TestDatabase.current.database.query(
                "UPDATE record.person SET merged_into = \(first), merged_at = now() WHERE id = \(second)")
            var objecting = Subject()
            objecting.objections = [.research]
            let objection = objecting
            try await f.transaction(as: .console) {
                try f.store.setCircumstances(objection, of: second, changing: [], by: "test", in: $0)
            }
            var areas = AreaTable()
            let area = try #require(Area(lsoa: "E01013440", ward: "E05001770"))
            _ = areas.insert(area, at: "DE1 2FS")
            let table = areas
            let candidates = try await f.transaction(as: .console) {
                try f.store.cohort(areas: table, in: $0).candidates
            }
            let only = try #require(candidates.first)
            #expect(candidates.count == 1)
            #expect(only.record.person == first.description)
            #expect(only.subject.objections == [.research])
            #expect(only.record.area == area && only.record.needs == [.isolation])
            #expect(only.record.referredOn == CalendarDate(iso: "2026-03-02"))
            let days = CalendarDate(iso: "2026-03-03")!...CalendarDate(iso: "2026-04-01")!
            let later = try await f.transaction(as: .console) {
                try f.store.cohort(referredOn: days, areas: table, in: $0).candidates.count
            }
            #expect(later == 0)
        }
    }

    @Test func `ages are told as on the day that is asked for, and judged as of today`() async throws {
        try await Fixture.run { f in
            _ = try await f.person()
            func read(_ day: String) async throws -> CohortCandidate {
                let day = try #require(CalendarDate(iso: day))
                let candidates = try await f.transaction(as: .console) {
                    try f.store.cohort(agesOn: day, areas: AreaTable(), in: $0).candidates
                }
                return try #require(candidates.first)
            }
            let (before, after) = (try await read("2026-03-02"), try await read("2036-03-02"))
            let (young, old) = (try #require(before.record.age), try #require(after.record.age))
            #expect(old == young + 10)
            #expect(before.subject.age == after.subject.age)
        }
    }

    @Test func `who is merged while a cohort is read is in it once, with their objection`() async throws {
        try await Fixture.run(connections: 4) { f in
            let first = try await f.person()
            let second = try await f.person(f.referral(id: "r-2", nhs: nil, family: "Other"))
            var objecting = Subject()
            objecting.objections = [.research]
            let objection = objecting
            try await f.transaction(as: .console) {
                try f.store.setCircumstances(objection, of: second, changing: [], by: "test", in: $0)
            }
            let gate = Gate()
            async let merged: Void = f.transaction { connection in
                try connection.execute(
                    "UPDATE record.person SET merged_into = \(first), merged_at = now() WHERE id = \(second)",
                    name: "test.merge")
                gate.arriveAndWait()
            }
            try await gate.arrival()
            async let read = f.transaction(as: .console) { try f.store.cohort(areas: AreaTable(), in: $0).candidates }
            // It has read both ids and is seen waiting for the second person.
            try await f.open(gate)
            try await merged
            let cohort = try await read
            #expect(cohort.map(\.record.person) == [first.description])
            #expect(cohort.map(\.subject.objections) == [[.research]])
        }
    }

    @Test func `an objection waits until the release of those who are in it is entered`() async throws {
        try await Fixture.run(connections: 4) { f in
            let person = try await f.person()
            var objecting = Subject()
            objecting.objections = [.research]
            let objection = objecting
            let gate = Gate()
            async let counted = f.transaction(as: .console) { connection -> Int in
                let cohort = try f.store.cohort(areas: AreaTable(), in: connection).candidates
                gate.arriveAndWait()
                return cohort.count { $0.subject.objections.isEmpty }
            }
            try await gate.arrival()
            async let entered: Void = f.transaction(as: .console) {
                try f.store.setCircumstances(objection, of: person, changing: [], by: "test", in: $0)
            }
            // It is seen waiting for the lock that the extract holds.
            try await f.open(gate)
            #expect(try await counted == 1)
            try await entered
            let seen = try await f.transaction(as: .console) {
                try f.store.cohort(areas: AreaTable(), in: $0).candidates[0].subject
            }
            #expect(seen.objections == [.research])
        }
    }

    @Test func `a release is kept with its populations, which open again; a refusal without`() async throws {
        try await Fixture.run { f in
            let project = try await added(f)
            let populations = ReleasedPopulations(cohort: [1, 2, 3], cells: ["sex=F": [1, 3]])
            var new = judged(project, f)
            new.cohort = 3
            new.excluded = [.objectionResearch: 2]
            new.content = .init(
                rowCount: 3, k: 5, projectKey: nil, ownKey: nil, populations: populations,
                step: RowGeneralisation(area: .ward, ageWidth: 10, hasSex: true),
                agesOn: CalendarDate(iso: "2026-03-02")!, bytesHash: Array(repeating: 7, count: 32))
            let release = new
            let refusal = judged(try await added(f) { ($0.id, $0.undertakings) = ("refused", nil) }, f)
            try await f.transaction { connection in
                try f.store.enter(release, in: connection)
                try f.store.enter(refusal, in: connection)
                try f.store.finish(extract: release.id, .written, in: connection)
            }
            let kept = try await f.transaction(as: .console) {
                try f.store.releasedPopulations(to: "council_insight", in: $0)
            }
            #expect(kept.map(\.populations) == [populations] && kept.map(\.level) == [.pseudonymised])
            let earlier = try await f.transaction(as: .console) {
                try f.store.earlierRows(of: "council_insight", in: $0)
            }
            #expect(
                earlier
                    == EarlierRows(
                        agesOn: CalendarDate(iso: "2026-03-02"),
                        steps: [RowGeneralisation(area: .ward, ageWidth: 10, hasSex: true)]))
            #expect(
                try await f.transaction(as: .console) { try f.store.earlierRows(of: "another", in: $0) }
                    == EarlierRows())
            let listed = try await f.transaction(as: .console) { try f.store.extracts(in: $0) }
            #expect(listed.map(\.reason) == ["research_undertaking_missing", "permitted"])
            let shown = try await f.transaction(as: .console) { try f.store.extract(release.id, in: $0) }
            #expect(shown?.excluded.text == #"{"objection_research": 2}"# && shown?.k == 5)
            let entries = try await f.value(
                "SELECT count(DISTINCT kind) FROM ledger.entry WHERE kind IN ('release', 'share_decided', 'release_outcome')",
                as: Int.self)
            #expect(entries == 3)
        }
    }
}

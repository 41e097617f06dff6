import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct SubmissionListsTests {
    /// Receipts of submissions in the states and with the findings that a list tells apart, the oldest first.
    private func fill(_ f: Fixture) async throws -> [UUIDValue] {
        var receipts: [UUIDValue] = []
        for number in 0..<24 {
            var submission = f.submission("m-\(number)", sender: number % 4 == 0 ? "dchs" : "uhdb")
            if number % 3 == 0 { submission.channel = "mesh" }
            if number % 8 == 7 {
                submission.state = .quarantined
                submission.findings = [
                    Finding(.notParseable, at: "", "It is no document"), Finding(.encoding, at: "", "x"),
                ]
            }
            receipts.append(try await f.accept(submission))
        }
        for number in stride(from: 0, to: 24, by: 2) {
            let isIncomplete = number % 6 == 0
            let item = IntakeItem(
                ordinal: 0, status: isIncomplete ? .incomplete : .accepted,
                referral: f.referral(id: "r-\(number)", nhs: nil),
                opensCase: true)
            let intake = IntakeRecord(
                receipt: receipts[number], sender: number % 4 == 0 ? "dchs" : "uhdb", receivedAt: f.now, items: [item],
                state: isIncomplete ? .incomplete : .accepted,
                findings: isIncomplete ? [Finding(.missing, at: "reason", "Is needed")] : [])
            _ = try await f.transaction(as: .worker) { try f.store.store([intake], in: $0) }
        }
        return receipts
    }

    private func all(_ f: Fixture) async throws -> [ListedSubmission] {
        try await f.transaction(as: .audit) { try f.store.submissions(.init(), limit: 1_000, in: $0).rows }
    }

    /// Everything of a list, a page at a time.
    private func walk(
        _ filter: SubmissionFilter, _ f: Fixture, limit: Int = 3, looking: Int = 10_000
    ) async throws -> [UUIDValue] {
        var (found, edge): ([UUIDValue], ListEdge?) = ([], .newest)
        while let from = edge {
            let page = try await f.transaction(as: .audit) {
                try f.store.submissions(filter, from: from, limit: limit, looking: looking, in: $0)
            }
            #expect(page.rows.count <= limit)
            found += page.rows.map(\.receipt)
            edge = page.next.map(ListEdge.olderThan)
        }
        return found
    }

    /// Each condition, and each pair of them.
    private func filters() -> [SubmissionFilter] {
        let changes: [@Sendable (inout SubmissionFilter) -> Void] = [
            { $0.sender = "dchs" }, { $0.sender = "nobody" }, { $0.channel = "mesh" }, { $0.state = .accepted },
            { $0.state = .incomplete }, { $0.state = .received }, { $0.state = .quarantined },
            { $0.finding = .encoding },
            { $0.finding = .virus }, { $0.finding = .missing }, { $0.hasOpenWork = true },
        ]
        var filters = [SubmissionFilter()]
        for (index, first) in changes.enumerated() {
            for second in changes[index...] {
                var filter = SubmissionFilter()
                first(&filter)
                second(&filter)
                filters.append(filter)
            }
        }
        return filters
    }

    @Test
    func `each filter gives what fits it, page by page, without gap or double, also when it looks at few at a time`()
        async throws
    {
        try await Fixture.run { f in
            _ = try await fill(f)
            let all = try await all(f)
            #expect(all.count == 24 && all.map(\.receipt) == all.map(\.receipt).sorted(by: >))
            for state in [SubmissionState.accepted, .incomplete, .received, .quarantined] {
                #expect(all.contains { $0.state == state }, "\(state)")
            }
            #expect(all.contains(where: \.hasOpenWork) && all.contains { !$0.hasOpenWork })
            for filter in filters() {
                let expected = all.filter { filter.fits($0) }.map(\.receipt)
                #expect(try await walk(filter, f) == expected, "\(filter)")
                #expect(try await walk(filter, f, limit: 2, looking: 30) == expected, "\(filter)")
            }
        }
    }

    @Test func `one reads back to what is newer, in the order of the list`() async throws {
        try await Fixture.run { f in
            let receipts = try await fill(f)
            func newer(than index: Int) async throws -> SubmissionPage {
                try await f.transaction(as: .audit) {
                    try f.store.submissions(.init(), from: .newerThan(receipts[index]), limit: 5, in: $0)
                }
            }
            let page = try await newer(than: 10)
            #expect(page.rows.map(\.receipt) == receipts[11...15].reversed() && page.next == receipts[15])
            let last = try await newer(than: 20)
            #expect(last.rows.map(\.receipt) == receipts[21...].reversed() && last.next == nil)
        }
    }

    @Test func `a time begins with its first moment and ends before its last`() async throws {
        try await Fixture.run { f in
            let before = Timestamp.now()
            let receipts = try await fill(f)
            var filter = SubmissionFilter()
            filter.until = before
            #expect(try await walk(filter, f) == [])
            filter.until = .now() + .seconds(1)
            filter.since = before - .milliseconds(1)
            #expect(try await walk(filter, f) == receipts.reversed())
            filter.since = .now() + .seconds(1)
            #expect(try await walk(filter, f) == [])
        }
    }

    @Test func `marks follow the state of a submission`() async throws {
        try await Fixture.run { f in
            let receipts = try await fill(f)
            func marks() async throws -> Set<String> {
                Set(
                    try await f.database.query(
                        "SELECT mark FROM record.submission_mark WHERE receipt = \(receipts[7])"
                    ).decode(String.self))
            }
            #expect(try await marks() == ["quarantined", "not_parseable", "encoding"])
            let findings = JSONB(Array(#"[{"code": "virus", "path": "", "text": "x"}]"#.utf8))
            try await f.database.execute(
                "UPDATE record.submission SET state = 'rejected', findings = \(findings) WHERE receipt = \(receipts[7])"
            )
            #expect(try await marks() == ["rejected", "virus"])
            try await f.database.execute(
                "UPDATE record.submission SET state = 'accepted', findings = '[]' WHERE receipt = \(receipts[7])")
            #expect(try await marks() == [])
        }
    }

    @Test func `where it came from is told once for each pair`() async throws {
        try await Fixture.run { f in
            #expect(try await f.transaction(as: .audit) { try f.store.submissionSources(in: $0) }.isEmpty)
            _ = try await fill(f)
            let sources = try await f.transaction(as: .audit) { try f.store.submissionSources(in: $0) }
            #expect(
                sources.map { "\($0.sender) \($0.channel)" } == ["dchs https", "dchs mesh", "uhdb https", "uhdb mesh"])
        }
    }

    @Test func `of a file of very many the first referrals are told`() async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission())
            let items = (0..<22).map { number in
                IntakeItem(
                    ordinal: number, status: .accepted,
                    referral: f.referral(id: "r-\(number)", nhs: nil, family: "N\(number)"),
                    opensCase: true)
            }
            _ = try await f.take(items, receipt)
            let row = try #require(try await all(f).first)
            #expect(row.referrals.count == ListedSubmission.mostReferrals && row.hasMoreReferrals)
        }
    }

    @Test func `no state is a finding's code, for both are marks`() {
        let states = Set(SubmissionState.allCases.map(\.rawValue))
        #expect(states.isDisjoint(with: FindingCode.allCases.map(\.rawValue)))
    }
}

extension SubmissionFilter {
    /// What a list by this filter must be of.
    fileprivate func fits(_ row: ListedSubmission) -> Bool {
        (sender == nil || row.sender == sender) && (channel == nil || row.channel == channel)
            && (state == nil || row.state == state) && (finding.map(row.findings.contains) ?? true)
            && (!hasOpenWork || row.hasOpenWork)
    }
}

package import Postgres
import Referral

extension CaseStore {
    /// Submissions that fit a filter, by receipt, which is by arrival: the newest first.
    ///
    /// Takes no longer than the bound allows, whatever is asked for and however many there are: those are walked along an index
    /// that fit the condition which few fit, and so many of them at most are asked about the rest.
    ///
    /// - Parameter looking: How many are looked at to fill the page. Left alone, as many as take some tens of milliseconds.
    package func submissions(
        _ filter: SubmissionFilter, from edge: ListEdge = .newest, limit: Int = 50, looking: Int = 10_000,
        in connection: Connection
    ) throws -> SubmissionPage {
        let list = SubmissionList(filter)
        var (found, reached, left): ([UUIDValue], ListEdge, Int) = ([], edge, list.most(looking))
        // One more than is shown tells whether there are more.
        while found.count <= limit, left > 0 {
            let window = min(left, left == list.most(looking) ? list.first(limit) : left)
            let rows = try connection.query(
                list.statement(from: reached, limit: limit + 1 - found.count, looking: window),
                name: "record.submission_list"
            ).decode(UUIDValue?.self, UUIDValue?.self)
            found += rows.compactMap(\.0)
            guard let last = rows.first?.1 else {
                reached = .newest
                break
            }
            reached = reached.moved(to: last)
            left -= window
        }
        let next = found.count > limit ? found[limit - 1] : reached.receipt
        return SubmissionPage(rows: try listed(Array(found.prefix(limit)), in: connection), next: next)
    }

    /// Where what is stored came from: each pair of sender and channel, by as many steps as there are pairs.
    package func submissionSources(in connection: Connection) throws -> [(sender: String, channel: String)] {
        try connection.query(
            "WITH RECURSIVE \(SubmissionList.sources) SELECT sender, channel FROM source ORDER BY sender, channel",
            name: "record.submission_sources"
        ).decode(String.self, String.self).map { (sender: $0.0, channel: $0.1) }
    }

    private func listed(_ receipts: [UUIDValue], in connection: Connection) throws -> [ListedSubmission] {
        try connection.query(
            """
            SELECT
                submission.receipt, received_at, finished_at, sender, channel, format, submission.state, findings,
                ARRAY (
                    SELECT referral.id
                    FROM record.referral
                    WHERE referral.submission = submission.receipt
                    ORDER BY referral.ordinal
                    LIMIT \(ListedSubmission.mostReferrals + 1)
                ),
                EXISTS (
                    SELECT FROM record.work_item WHERE work_item.submission = submission.receipt AND work_item.state = 'open'
                )
            FROM unnest(\(receipts)) AS listed (receipt) JOIN record.submission USING (receipt)
            ORDER BY submission.receipt DESC
            """, name: "record.listed_submissions"
        ).map(ListedSubmission.init(row:))
    }
}

extension ListEdge {
    fileprivate var receipt: UUIDValue? {
        switch self {
        case .newest: nil
        case .olderThan(let receipt), .newerThan(let receipt): receipt
        }
    }

    /// Further in the same direction.
    fileprivate func moved(to receipt: UUIDValue) -> ListEdge {
        switch self {
        case .newest, .olderThan: .olderThan(receipt)
        case .newerThan: .newerThan(receipt)
        }
    }

    fileprivate var order: SQL {
        switch self {
        case .newest, .olderThan: "DESC"
        case .newerThan: "ASC"
        }
    }

    fileprivate var backOrder: SQL {
        switch self {
        case .newest, .olderThan: "ASC"
        case .newerThan: "DESC"
        }
    }
}

extension ListedSubmission {
    fileprivate init(row: Row) throws {
        let (receipt, receivedAt, finishedAt, sender, channel, format, state, findings, referrals, hasOpenWork) =
            try row.decode(
                UUIDValue.self, Timestamp.self, Timestamp?.self, String.self, String.self, String.self,
                SubmissionState.self, JSONB.self, [UUIDValue].self, Bool.self)
        var codes: [FindingCode] = []
        for finding in try findings.findings() where !codes.contains(finding.code) { codes.append(finding.code) }
        self.init(
            receipt: receipt, receivedAt: receivedAt, finishedAt: finishedAt, sender: sender, channel: channel,
            format: format, state: state, findings: codes, referrals: Array(referrals.prefix(Self.mostReferrals)),
            hasMoreReferrals: referrals.count > Self.mostReferrals, hasOpenWork: hasOpenWork)
    }
}

/// How a list is read: along the index that leaves the fewest to be asked about the rest of the conditions.
private struct SubmissionList {
    private enum Way {
        case openWork
        case mark(String)
        case sources
        case all

        func settles(_ word: String) -> Bool { if case .mark(word) = self { true } else { false } }
    }

    private let filter: SubmissionFilter
    private let way: Way
    /// What is not settled by the way.
    private let rest: SQL?

    init(_ filter: SubmissionFilter) {
        self.filter = filter
        var rest: [SQL] = []
        func ask(_ condition: SQL) { rest.append(condition) }
        if filter.hasOpenWork {
            way = .openWork
        } else if let state = filter.state, SubmissionFilter.markedStates.contains(state) {
            way = .mark(state.rawValue)
        } else if let finding = filter.finding {
            way = .mark(finding.rawValue)
        } else if filter.sender != nil || filter.channel != nil && filter.state != .received {
            way = .sources
        } else {
            way = .all
        }
        switch way {
        case .openWork, .all:
            if let sender = filter.sender { ask("submission.sender = \(sender)") }
            if let channel = filter.channel { ask("submission.channel = \(channel)") }
        case .mark: if let channel = filter.channel { ask("submission.channel = \(channel)") }
        case .sources: break
        }
        if let state = filter.state, !way.settles(state.rawValue) {
            ask("submission.state = \(state.rawValue)::record.submission_state")
        }
        if let finding = filter.finding?.rawValue, !way.settles(finding) {
            ask("submission.findings @> jsonb_build_array(jsonb_build_object('code', \(finding)::text))")
        }
        self.rest = rest.first.map { first in rest.dropFirst().reduce(first) { "\($0) AND \($1)" } }
    }

    /// How many are looked at before more is looked at once; all of the page where nothing is left to ask.
    func first(_ limit: Int) -> Int { rest == nil ? limit + 1 : 4 * limit }

    /// Of one channel those of each sender are looked at, and there may be a hundred.
    func most(_ looking: Int) -> Int {
        if case .sources = way, filter.sender == nil { looking / 10 } else { looking }
    }

    /// Rows of a receipt that fits and of the last that was looked at, which is null where there are no more; one row at least.
    func statement(from edge: ListEdge, limit: Int, looking: Int) -> SQL {
        """
        WITH RECURSIVE \(Self.sources), walked AS MATERIALIZED (
            \(walk(edge, looking))
        ), fit AS (
            \(fitting)
            ORDER BY walked.receipt \(edge.order)
            LIMIT \(limit)
        )
        SELECT fit.receipt, reached.receipt
        FROM (
            SELECT CASE
                WHEN (SELECT count(*) FROM walked) = \(looking)
                    THEN (SELECT receipt FROM walked ORDER BY receipt \(edge.backOrder) LIMIT 1)
            END AS receipt
        ) AS reached LEFT JOIN fit ON true
        ORDER BY fit.receipt \(edge.order)
        """
    }

    /// Each pair of sender and channel that there is, from one to the next along the index. Not run where it is not read.
    static let sources: SQL = """
        source AS (
            (SELECT sender, channel FROM record.submission ORDER BY sender, channel LIMIT 1)
            UNION ALL
            SELECT next.sender, next.channel
            FROM source CROSS JOIN LATERAL (
                SELECT sender, channel
                FROM record.submission
                WHERE (submission.sender, submission.channel) > (source.sender, source.channel)
                ORDER BY sender, channel
                LIMIT 1
            ) AS next
        )
        """

    private var fitting: SQL {
        guard let rest else { return "SELECT receipt FROM walked" }
        return """
            SELECT walked.receipt
            FROM walked JOIN record.submission ON submission.receipt = walked.receipt
            WHERE \(rest)
            """
    }

    /// So many receipts in order.
    private func walk(_ edge: ListEdge, _ looking: Int) -> SQL {
        switch way {
        case .openWork:
            """
            SELECT DISTINCT submission AS receipt
            FROM record.work_item
            WHERE state = 'open' AND submission IS NOT NULL AND \(within("submission", edge))
            ORDER BY submission \(edge.order)
            LIMIT \(looking)
            """
        case .mark(let mark):
            """
            SELECT receipt
            FROM record.submission_mark
            WHERE mark = \(mark) AND \(equal("sender", filter.sender)) AND \(within("receipt", edge))
            ORDER BY receipt \(edge.order)
            LIMIT \(looking)
            """
        case .sources:
            """
            SELECT of_source.receipt
            FROM source CROSS JOIN LATERAL (
                SELECT receipt
                FROM record.submission
                WHERE submission.sender = source.sender AND submission.channel = source.channel
                    AND \(within("receipt", edge))
                ORDER BY receipt \(edge.order)
                LIMIT \(looking)
            ) AS of_source
            WHERE \(equal("source.sender", filter.sender)) AND \(equal("source.channel", filter.channel))
            ORDER BY of_source.receipt \(edge.order)
            LIMIT \(looking)
            """
        case .all:
            """
            SELECT receipt
            FROM record.submission
            WHERE \(within("receipt", edge))
            ORDER BY receipt \(edge.order)
            LIMIT \(looking)
            """
        }
    }

    private func equal(_ column: SQL, _ value: String?) -> SQL {
        guard let value else { return "true" }
        return "\(column) = \(value)"
    }

    /// After the edge, and in the time that is asked for: a receipt begins with its time.
    private func within(_ column: SQL, _ edge: ListEdge) -> SQL {
        var bounds: [SQL] = []
        if let since = filter.since { bounds.append("\(column) >= \(UUIDValue.leastV7(at: since))") }
        if let until = filter.until { bounds.append("\(column) < \(UUIDValue.leastV7(at: until))") }
        switch edge {
        case .newest: break
        case .olderThan(let receipt): bounds.append("\(column) < \(receipt)")
        case .newerThan(let receipt): bounds.append("\(column) > \(receipt)")
        }
        return bounds.reduce("true") { "\($0) AND \($1)" }
    }
}

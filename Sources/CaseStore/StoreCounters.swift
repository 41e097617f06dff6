package import Postgres

/// How much there is of each, for metrics and the demonstration.
package struct StoreCounters: Sendable, Hashable {
    package var submissions: [SubmissionState: Int] = [:]
    package var shares: [ShareState: Int] = [:]
    package var workItems: [WorkItemKind: Int] = [:]
    /// Pairs of persons who may be one.
    package var matches: [MatchState: Int] = [:]
    package var persons = 0
    package var referrals = 0
    package var openCases = 0
    package var ledgerEntries = 0

    package var openWorkItems: Int { workItems.values.reduce(0, +) }
}

extension CaseStore {
    /// Counts by reading: meant for every few seconds, not for every request.
    package func counters(in connection: Connection) throws -> StoreCounters {
        let rows = try connection.query(
            """
            SELECT 'submission', state::text, count(*) FROM record.submission GROUP BY state
            UNION ALL
            SELECT 'share', state::text, count(*) FROM record.share GROUP BY state
            UNION ALL
            SELECT 'work_item', kind::text, count(*) FROM record.work_item WHERE state = 'open' GROUP BY kind
            UNION ALL
            SELECT 'match', state::text, count(*) FROM record.match GROUP BY state
            UNION ALL
            SELECT 'person', '', count(*) FROM record.person
            UNION ALL
            SELECT 'referral', '', count(*) FROM record.referral
            UNION ALL
            SELECT 'case', '', count(*) FROM record.case_file WHERE ended_at IS NULL
            UNION ALL
            SELECT 'entry', '', coalesce(max(sequence) + 1, 0) FROM ledger.position
            """, name: "record.counters")
        var counters = StoreCounters()
        for row in rows {
            let (of, word, count) = try row.decode(String.self, String.self, Int.self)
            switch of {
            case "submission": if let state = SubmissionState(rawValue: word) { counters.submissions[state] = count }
            case "share": if let state = ShareState(rawValue: word) { counters.shares[state] = count }
            case "work_item": if let kind = WorkItemKind(rawValue: word) { counters.workItems[kind] = count }
            case "match": if let state = MatchState(rawValue: word) { counters.matches[state] = count }
            case "person": counters.persons = count
            case "referral": counters.referrals = count
            case "case": counters.openCases = count
            default: counters.ledgerEntries = count
            }
        }
        return counters
    }
}

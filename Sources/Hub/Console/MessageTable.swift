import CaseStore
import Postgres
import Referral
import Translation

/// A list of messages as a table for a spreadsheet: ids, states, times and codes.
struct MessageTable: Sendable {
    /// A table has no more rows.
    static let most = 10_000
    /// The list is read so often at most: by a filter that few of very many fit, that is a part of it.
    static let mostReads = 100

    var rows: [ListedSubmission] = []
    /// Whether these are all that fit.
    var isWhole = true

    /// Names the moment, and says when it is not all of the list.
    func fileName(at time: Timestamp) -> String {
        let moment = time.rfc3339.prefix(19).filter { $0.isNumber || $0 == "T" } + "Z"
        return "messages-\(moment)\(isWhole ? "" : "-newest-\(rows.count)").csv"
    }

    /// As CSV, whose cells no spreadsheet runs as formulas.
    var csv: [UInt8] {
        CSVWriter.write(
            header: [
                "receipt", "received_at", "sender", "channel", "format", "state", "finished_at", "found", "open_work",
                "referrals", "more_referrals",
            ],
            rows: rows.lazy.map { row in
                [
                    row.receipt.description, row.receivedAt.rfc3339, row.sender, row.channel, row.format,
                    row.state.rawValue, row.finishedAt?.rfc3339 ?? "",
                    row.findings.map(\.rawValue).joined(separator: " "),
                    row.hasOpenWork ? "yes" : "no", row.referrals.map(\.description).joined(separator: " "),
                    row.hasMoreReferrals ? "yes" : "no",
                ]
            })
    }
}

import Postgres
import Referral
import Testing

@testable import CaseStore
@testable import Hub

@Suite struct MessageTableTests {
    private let now = Timestamp(rfc3339: "2026-03-02T10:00:00Z")!

    private func table(_ rows: Int = 1, isWhole: Bool = true, sender: String = "uhdb") -> MessageTable {
        var table = MessageTable()
        table.isWhole = isWhole
        table.rows = (0..<rows).map { _ in
            ListedSubmission(
                receipt: .v7(), receivedAt: now, finishedAt: nil, sender: sender, channel: "https", format: "json",
                state: .incomplete, findings: [.missing, .invalidDate], referrals: [], hasMoreReferrals: false,
                hasOpenWork: true)
        }
        return table
    }

    @Test func `a row holds ids, times, states and codes`() {
        let table = table()
        let lines = String(decoding: table.csv, as: UTF8.self).split(separator: "\r\n")
        #expect(lines.count == 2)
        #expect(
            lines.last.map(String.init)
                == "\"\(table.rows[0].receipt)\",\"2026-03-02T10:00:00Z\",\"uhdb\",\"https\",\"json\",\"incomplete\",\"\","
                + "\"missing invalid_date\",\"yes\",\"\",\"no\"")
    }

    @Test(arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
    func `no cell is run as a formula`(sender: String) {
        #expect(String(decoding: table(sender: sender).csv, as: UTF8.self).contains("\"'\(sender)\""))
    }

    @Test func `the file's name tells the moment, and where it is not all of the list`() {
        #expect(table().fileName(at: now) == "messages-20260302T100000Z.csv")
        #expect(table(2, isWhole: false).fileName(at: now) == "messages-20260302T100000Z-newest-2.csv")
    }
}

import CaseStore
import Disclosure
import Foundation
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct DumpTests {
    @Test func `a dump of the database holds nothing personal in clear`() async throws {
        try await Fixture.run { f in
            var referral = f.referral(id: "canary-message-4711")
            referral.person.alsoKnownAs = ["Lizzie Lark"]
            referral.person.phone = ["+441632960001"]
            referral.person.email = "elsie.canary@example.org"
            referral.notes = "Keeps budgerigars"
            var submission = f.submission("canary-message-4711", "PID|1||9990000018||CANARY^ELSIE")
            submission.fileName = "CANARY_ELSIE_0001.hl7"
            submission.threadID = "canary-thread-0815"
            let receipt = try await f.accept(submission)
            let items = [IntakeItem(ordinal: 0, status: .incomplete, referral: referral)]
            guard case .stored(let stored) = try await f.take(items, receipt)[0] else { throw Unexpected() }
            let evidence = NewAgreement(
                person: stored.person, signedOn: f.now - .seconds(9), signedBy: .attorney,
                authorityEvidence: "Attorney Walter Wren",
                scope: [.init(recipient: "derby_homes", purposes: [.housingSupport])])
            _ = try await f.transaction { try f.store.add(evidence, by: "staff:1", in: $0) }
            let share = try await f.share(stored.person)
            #expect(try await f.begin(share.id) == 1)
            let dump = try pgDump(TestDatabase.current.connectionString)
            #expect(dump.contains(share.id.description))
            let canaries = [
                "canary", "elsie", "lark", "example street", "de1 2fs", "9990000018", "1950-04-30", "01632960001",
                "+441632960001", "bereavement", "budgerigars", "example.org", "message-4711", "thread-0815", "wren",
            ]
            let found = canaries.filter { dump.contains($0) || dump.contains(hexadecimal($0)) }
            #expect(found == [])
        }
    }

    /// The dump in lower case.
    private func pgDump(_ connectionString: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["pg_dump", "--dbname", connectionString]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).lowercased()
    }

    /// As `bytea` is dumped. Two bytes in hexadecimal would be found by chance; four are not.
    private func hexadecimal(_ text: String) -> String {
        Data(text.utf8).map { String(format: "%02x", $0) }.joined()
    }
}

import CaseStore
import Disclosure
import Ledger
import Postgres
import Referral
import Rights
import TestSupport
import Testing

/// A state or kind is one closed list, written once in Swift and once in SQL.
@Suite(.store) struct SchemasTests {
    @Test(arguments: [
        ("record.submission_state", SubmissionState.allCases.map(\.rawValue)),
        ("record.partner_kind", PartnerKind.allCases.map(\.rawValue)),
        ("record.staff_role", Role.ofStaff.map(\.rawValue)),
        ("record.referral_type", MessageType.allCases.map(\.rawValue)),
        ("record.urgency", Urgency.allCases.map(\.rawValue)),
        ("record.signatory", Agreement.Signatory.allCases.map(\.rawValue)),
        ("record.scope_about", Agreement.ScopeLine.About.allCases.map(\.rawValue)),
        ("record.acknowledgement_kind", AcknowledgementKind.allCases.map(\.rawValue)),
        ("record.acknowledgement_state", AcknowledgementState.allCases.map(\.rawValue)),
        ("record.share_state", ShareState.allCases.map(\.rawValue)),
        ("record.work_item_kind", WorkItemKind.allCases.map(\.rawValue)),
        ("record.traffic_event", TrafficEvent.allCases.map(\.rawValue)),
        ("record.replay_state", ReplayState.allCases.map(\.rawValue)),
        ("record.care_status", Subject.CareStatus.allCases.map(\.rawValue)),
        ("record.erasure", Subject.Erasure.allCases.map(\.rawValue)),
        ("ledger.kind", LedgerKind.allCases.map(\.rawValue)),
    ])
    func `the list in SQL is that of Swift`(type: String, words: [String]) async throws {
        let rows = try await TestDatabase.current.database.query(
            "SELECT enumlabel::text FROM pg_enum WHERE enumtypid = \(type)::regtype")
        #expect(Set(try rows.map { try $0.decode(String.self) }) == Set(words))
    }
}

import CaseStore
import Disclosure
import Ledger
import Postgres
import Referral
import TestSupport
import Testing

/// A state or kind is one closed list, written once in Swift and once in SQL.
@Suite(.store) struct SchemasTests {
    @Test(arguments: [
        ("record.submission_state", SubmissionState.allCases.map(\.rawValue)),
        ("record.partner_kind", PartnerKind.allCases.map(\.rawValue)),
        ("record.referral_type", MessageType.allCases.map(\.rawValue)),
        ("record.urgency", Urgency.allCases.map(\.rawValue)),
        ("record.signatory", Agreement.Signatory.allCases.map(\.rawValue)),
        ("record.scope_about", Agreement.ScopeLine.About.allCases.map(\.rawValue)),
        ("record.acknowledgement_kind", AcknowledgementKind.allCases.map(\.rawValue)),
        ("record.acknowledgement_state", AcknowledgementState.allCases.map(\.rawValue)),
        ("record.share_state", ShareState.allCases.map(\.rawValue)),
        ("record.work_item_kind", WorkItemKind.allCases.map(\.rawValue)),
        ("record.care_status", Subject.CareStatus.allCases.map(\.rawValue)),
        ("record.erasure", Subject.Erasure.allCases.map(\.rawValue)),
        ("ledger.kind", LedgerKind.allCases.map(\.rawValue)),
    ])
    func `the list in SQL is that of Swift`(type: String, words: [String]) async throws {
        let rows = try await TestDatabase.current.database.query(
            "SELECT enumlabel::text FROM pg_enum WHERE enumtypid = \(type)::regtype")
        #expect(Set(try rows.map { try $0.decode(String.self) }) == Set(words))
    }

    @Test func `the hub's role owns nothing and may delete only what ends by itself, documents, keys and what finds`()
        async throws
    {
        let rows = try await TestDatabase.current.database.query(
            """
            SELECT table_schema || '.' || table_name, privilege_type::text
            FROM information_schema.role_table_grants
            WHERE grantee = 'hub_app' AND table_schema <> 'queue' AND privilege_type IN ('DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES')
            """)
        let rights = try rows.map { try $0.decode(String.self, String.self) }.map { "\($0.1) \($0.0)" }
        let tables = [
            "attachment_file", "awaiting", "document", "dropped_file", "key_process", "mail_answer", "match_key",
            "person_identifier", "person_key", "request", "used_assertion",
        ]
        #expect(Set(rights) == Set(tables.map { "DELETE record.\($0)" }))
    }
}

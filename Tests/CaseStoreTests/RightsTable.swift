import CaseStore
import Postgres

/// What each role of the database may do with each table: the second statement of what the migrations grant. A cell holds
/// S select, I insert, U update, D delete, T truncate; a small letter where it is so for some columns only; `-` for nothing.
enum RightsTable {
    static let roles: [DatabaseRole] = DatabaseRole.functions
    /// Those that have a column in the table below.
    private static let columns = roles.filter { $0 != .partners }
    /// All that the role may do that credentials are changed as.
    private static let ofPartners = [
        "ledger.entry": "I", "public.hub_migration": "S", "record.api_key": "siu", "record.client_certificate": "Su",
        "record.client_key": "Su", "record.partner": "Su",
    ]

    static let rights: [(right: String, letter: Character)] = [
        ("SELECT", "S"), ("INSERT", "I"), ("UPDATE", "U"), ("DELETE", "D"), ("TRUNCATE", "T"),
    ]

    /// By table and role. A table that is not here fails the test: who makes one adds its line.
    static let cells: [String: [DatabaseRole: String]] = {
        var cells: [String: [DatabaseRole: String]] = [:]
        for line in text.split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ").map(String.init)
            precondition(words.count == columns.count + 1, "the line of \(words[0]) lacks a cell")
            cells[words[0]] = Dictionary(uniqueKeysWithValues: zip(columns, words.dropFirst()))
            cells[words[0]]?[.partners] = ofPartners[words[0]] ?? "-"
        }
        return cells
    }()

    private static let text = """
        table                     app  serve ingest worker emergency console audit retention
        access.card               SIU  -     -      -      S         SIU     -     -
        access.look               SIU  -     -      -      sI        Su      -     su
        access.looked_at          SI   -     -      -      sI        S       -     s
        ledger.checkpoint         SI   -     -      -      -         -       SI    -
        ledger.entry              SI   -     I      SI     I         I       SI    I
        ledger.pending            S    -     -      -      -         -       S     -
        ledger.position           S    -     -      -      -         -       S     -
        public.hub_migration      S    S     S      S      S         S       S     S
        queue.dead_letter         SIuD -     -      SI     -         SD      S     Su
        queue.era                 S    -     S      S      S         S       S     S
        queue.gate                SIUD -     -      SIUD   -         -       S     -
        queue.history             SID  -     -      SI     -         SI      S     -
        queue.message             SID  -     sI     SI     sI        SI      S     SID
        queue.node                SI   -     -      SI     -         -       S     -
        queue.policy              SIUD -     -      SIU    -         -       S     -
        queue.queue               SIu  -     Si     Si     Si        Siu     S     S
        queue.state               SIUD -     sI     SIUD   sI        SIUD    S     Su
        record.acknowledgement    SIU  -     -      SIU    -         SIU     -     -
        record.agreement          SIu  -     -      Su     -         SIu     -     -
        record.agreement_scope    SIu  -     -      S      -         SIu     -     -
        record.api_key            SIU  -     S      -      -         -       s     -
        record.attachment_file    SIUD -     s      SIUD   -         S       S     -
        record.awaiting           SID  -     -      SID    -         -       S     -
        record.case_file          SIU  -     -      SIU    -         Su      S     -
        record.client_certificate SIu  -     S      -      S         -       s     -
        record.client_key         SIu  -     S      -      S         -       s     -
        record.dead_letter_note   SIU  -     -      -      -         SIU     S     -
        record.decision           SI   -     -      I      -         SI      -     -
        record.document           SIuD -     I      Su     -         Su      -     suD
        record.document_key       SIu  -     I      S      -         S       -     S
        record.dropped_file       SIUD -     -      SIUD   -         -       S     -
        record.extract            SI   -     -      S      -         SI      S     -
        record.extract_entry      SI   -     -      I      -         I       S     -
        record.extract_population SIu  -     -      S      -         SI      -     s
        record.extract_project    SI   -     -      S      -         SI      S     -
        record.extract_sending    SIU  -     -      SU     -         SIU     -     s
        record.key_process        SIUD -     -      SIUD   SIUD      -       s     -
        record.mail_answer        SIUD -     SIUD   -      -         -       -     SD
        record.match              SIU  -     -      SI     -         Su      s     -
        record.match_decision     SIu  -     -      -      -         SI      -     -
        record.match_key          SID  -     -      SI     -         S       -     -
        record.partner            SIU  -     S      S      S         S       S     -
        record.person             SIU  -     -      SIu    -         Su      s     s
        record.person_identifier  SIuD -     -      SIu    -         S       -     -
        record.person_key         SIuD -     -      SI     -         S       -     sD
        record.portal_document    SIU  -     -      SIU    -         SU      -     -
        record.pseudonym_key      SIu  -     -      -      -         SI      -     s
        record.referral           SIU  -     -      SIU    -         S       s     -
        record.referral_outcome   SIU  -     -      SU     -         SIU     -     -
        record.replay             SIU  -     -      -      -         SIU     S     sD
        record.request            SID  -     -      -      -         SI      -     SD
        record.saved_filter       SID  -     -      -      -         SID     -     -
        record.share              SIU  -     -      SIU    -         SIU     S     -
        record.share_approval     SI   -     -      S      -         SI      -     -
        record.share_attempt      SIU  -     -      SIU    -         SU      S     -
        record.staff_account      SIU  -     -      -      -         SIU     -     -
        record.staff_invitation   SIUD -     -      -      -         SIUD    -     sD
        record.staff_session      SIUD -     -      -      -         SIUD    -     sD
        record.submission         SIU  -     SI     Su     -         Su      S     -
        record.submission_id      SI   -     SI     -      -         -       -     -
        record.submission_mark    S    -     -      -      -         -       S     -
        record.traffic            SIUD -     -      SIu    -         -       S     SD
        record.used_assertion     SID  -     I      -      -         -       -     SD
        record.work_item          SIU  -     sI     SIU    sI        SIU     S     Su
        record.wrapping_key       SIU  -     S      S      S         S       S     S
        """
}

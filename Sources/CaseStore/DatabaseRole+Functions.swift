package import Postgres

/// The database's roles, one for each function of the hub. What each may do is granted by the line `grants` and by the
/// migrations of later tables; a test holds every cell of it.
extension DatabaseRole {
    /// A running hub's connections before a service has said what it is for: may do nothing at all, so that one that
    /// forgets to say fails the first time it is run.
    package static let serving = DatabaseRole(rawValue: "hub_serve")
    /// Before the answer: knows callers, stores what arrives, and reads of submissions those of its caller alone.
    package static let ingest = DatabaseRole(rawValue: "hub_ingest")
    /// Behind the queue: referrals, matching, sending, acknowledgements and outcomes.
    package static let worker = DatabaseRole(rawValue: "hub_worker")
    /// Control rooms: reads access cards and who may ask, enters looks.
    package static let emergency = DatabaseRole(rawValue: "hub_emergency")
    /// Staff: agreements, shares, matches, cards, work items, extracts.
    package static let console = DatabaseRole(rawValue: "hub_console")
    /// Figures, traces, and the ledger's order and checkpoints; reads nothing that is sealed.
    package static let audit = DatabaseRole(rawValue: "hub_audit")
    /// Destroys what has had its time.
    package static let retention = DatabaseRole(rawValue: "hub_retention")
    /// Partners and their credentials, as administrators see and change them in the console: reads no secret and no hash of
    /// one, and nothing about a person.
    package static let partners = DatabaseRole(rawValue: "hub_partners")
    /// Commands that an operator runs on the hub's machine, those about partners and their credentials among them; no
    /// service runs as it.
    package static let app = DatabaseRole(rawValue: "hub_app")

    /// All of them.
    package static let functions: [DatabaseRole] = [
        .app, .serving, .ingest, .worker, .emergency, .console, .audit, .retention, .partners,
    ]
}

import CaseStore
import Postgres
import Rights

/// Who changes partners or accounts: whoever runs a command on the hub's machine, or somebody who is signed in to the console and
/// must still be when the change is made.
package struct SettingsActor: Sendable {
    package static let command = SettingsActor(id: "command", session: nil)

    /// As it stands on the ledger.
    let id: String
    private let session: StaffSessions.Open?

    var isSignedIn: Bool { session != nil }

    private init(id: String, session: StaffSessions.Open?) {
        self.id = id
        self.session = session
    }

    init(_ session: StaffSessions.Open) { self.init(id: session.principal.id, session: session) }

    /// Makes sure that they may still do it, and that this stays so until the transaction is over.
    ///
    /// - Throws: ``StaffSessions/Ended``.
    func hold(for operation: Operation, _ store: CaseStore, in connection: Connection) throws {
        try session?.hold(for: operation, store, in: connection)
    }
}

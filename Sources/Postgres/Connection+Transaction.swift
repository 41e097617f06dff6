import CLibpq

/// How much a transaction sees of others (manual, "Transaction Isolation").
package enum Isolation: Sendable {
    case readCommitted, repeatableRead, serializable
    /// Refuses to write, and sees one snapshot throughout.
    case readOnly

    var begin: String {
        switch self {
        case .readCommitted: "BEGIN"
        case .repeatableRead: "BEGIN ISOLATION LEVEL REPEATABLE READ"
        case .serializable: "BEGIN ISOLATION LEVEL SERIALIZABLE"
        case .readOnly: "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        }
    }
}

extension Connection {
    /// Where the connection stands, as the server last said.
    enum TransactionStatus {
        case idle, open, failed, unknown
    }

    var transactionStatus: TransactionStatus {
        switch PQtransactionStatus(handle) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_INTRANS: .open
        case PQTRANS_INERROR: .failed
        default: .unknown
        }
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    func transaction<T>(_ isolation: Isolation, _ body: (Connection) throws -> T) throws -> T {
        try executeScript(isolation.begin, name: "begin")
        do {
            let value = try body(self)
            // COMMIT of a failed transaction is answered with success and the tag ROLLBACK.
            guard transactionStatus == .open else { throw PostgresError(.transactionAborted) }
            try executeScript("COMMIT", name: "commit")
            return value
        } catch {
            rollBack()
            throw error
        }
    }

    /// Rolls back, also after the task was cancelled. Failing at it breaks the connection, which is as good.
    private func rollBack() {
        guard !isBroken, transactionStatus != .idle else { return }
        do {
            try statement("rollback", nil, ignoringCancellation: true) { () throws(PostgresError) in
                try sent(PQsendQuery(handle, "ROLLBACK"))
                _ = try results()
            }
        } catch {
            isBroken = true
        }
    }
}

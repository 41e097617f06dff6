import CLibpq

/// How much a transaction sees of others (manual, "Transaction Isolation").
package enum Isolation: Sendable, CustomStringConvertible {
    case readCommitted, repeatableRead, serializable
    /// Refuses to write, and sees one snapshot throughout.
    case readOnly

    /// As the SQL standard and ``begin`` call it.
    package var description: String {
        switch self {
        case .readCommitted: "read committed"
        case .repeatableRead: "repeatable read"
        case .serializable: "serializable"
        case .readOnly: "read only"
        }
    }

    var begin: SQL {
        switch self {
        case .readCommitted: "BEGIN ISOLATION LEVEL READ COMMITTED"
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
    ///
    /// It begins in the same round trip as its first statement. Not within another.
    package func transaction<T>(_ isolation: Isolation, _ body: (Connection) throws -> T) throws -> T {
        precondition(self.isolation == nil, "a transaction within a transaction")
        unsentBegin = isolation.begin
        self.isolation = isolation
        defer {
            unsentBegin = nil
            self.isolation = nil
        }
        do {
            let value = try body(self)
            guard unsentBegin == nil else { return value }
            // COMMIT of a failed transaction is answered with success and the tag ROLLBACK.
            guard transactionStatus == .open else { throw PostgresError(.transactionAborted) }
            try executeScript("COMMIT", name: "commit")
            return value
        } catch {
            rollBack()
            throw error
        }
    }

    /// Begins the transaction now, for what cannot go in one round trip with its beginning.
    func begin() throws(PostgresError) {
        guard let begin = unsentBegin else { return }
        unsentBegin = nil
        try executeScript(begin.text, name: "begin")
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

import CLibpq
import Glibc

extension Connection {
    /// How much COPY data is put before it is sent, in bytes.
    private static let chunk = 64 * 1024

    /// Loads rows by `COPY … FROM STDIN`, each in the format that the statement names, line ends included.
    ///
    /// Returns how many rows the server took. None is kept unless all are.
    @discardableResult
    package func copyIn(
        _ sql: String, rows: some Sequence<[UInt8]>, name: StaticString? = nil, deadline: Duration? = nil
    ) throws(PostgresError) -> Int {
        try begin()
        return try statement(name, deadline) { () throws(PostgresError) in
            try begin(sql, PGRES_COPY_IN)
            var unsent = 0
            for row in rows {
                let status = row.withUnsafeBytes {
                    PQputCopyData(handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
                }
                try sent(status)
                unsent += row.count
                if unsent >= Self.chunk {
                    try flush()
                    unsent = 0
                }
            }
            try sent(PQputCopyEnd(handle, nil))
            return try results().last?.affectedRows ?? 0
        }
    }

    /// Reads rows by `COPY … TO STDOUT`, handing each to `body` as the server sends it.
    ///
    /// An error thrown by `body` cancels the rest and is thrown on.
    package func copyOut(
        _ sql: String, name: StaticString? = nil, deadline: Duration? = nil, _ body: ([UInt8]) throws -> Void
    ) throws {
        try begin()
        var failure: (any Error)?
        do {
            try statement(name, deadline) { () throws(PostgresError) in
                try begin(sql, PGRES_COPY_OUT)
                while let row = try nextCopyRow() {
                    guard failure == nil else { continue }
                    do { try body(row) } catch {
                        failure = error
                        abandon()
                    }
                }
                _ = try results()
            }
        } catch {
            throw failure ?? error
        }
        if let failure { throw failure }
    }

    private func begin(_ sql: String, _ wanted: ExecStatusType) throws(PostgresError) {
        try sent(PQsendQuery(handle, sql))
        let status = try results().last?.status
        guard status != wanted else { return }
        if status == PGRES_COPY_IN || status == PGRES_COPY_OUT { throw lost() }
        throw PostgresError(.misuse, note: "not a COPY in the direction of the call")
    }

    private func nextCopyRow() throws(PostgresError) -> [UInt8]? {
        while true {
            var buffer: UnsafeMutablePointer<CChar>?
            switch PQgetCopyData(handle, &buffer, 1) {
            case let count where count > 0:
                defer { PQfreemem(buffer) }
                return Array(UnsafeRawBufferPointer(start: buffer, count: Int(count)))
            case 0: try wait(for: Int16(POLLIN))
            case -1: return nil
            default: throw lost()
            }
        }
    }
}

import CLibpq

/// The rows that a statement gave, in binary form, decoded as they are read.
package struct QueryResult: RandomAccessCollection, Sendable {
    private let result: ResultHandle

    /// The rows that the statement inserted, updated, deleted or gave.
    package let affectedRows: Int

    init(_ result: ResultHandle) {
        self.result = result
        affectedRows = result.affectedRows
        endIndex = result.rows
    }

    package var startIndex: Int { 0 }
    package let endIndex: Int

    package subscript(position: Int) -> Row {
        precondition(position >= 0 && position < endIndex, "row \(position) of \(endIndex)")
        return Row(result: result, index: Int32(position))
    }

    /// Every row as a tuple of its columns.
    package func decode<each T: SQLDecodable>(
        _ types: repeat (each T).Type
    ) throws(PostgresError) -> [(repeat each T)] {
        var rows: [(repeat each T)] = []
        rows.reserveCapacity(count)
        for row in self { rows.append(try row.decode(repeat each types)) }
        return rows
    }
}

/// One row. It keeps its result alive, and may leave the connection.
package struct Row: Sendable {
    let result: ResultHandle
    let index: Int32

    /// All columns, in order: `let (id, name) = try row.decode(Int.self, String?.self)`.
    package func decode<each T: SQLDecodable>(
        _ types: repeat (each T).Type
    ) throws(PostgresError) -> (repeat each T) {
        var column: Int32 = 0
        func next<U: SQLDecodable>(_: U.Type) throws(PostgresError) -> U {
            guard column < result.columns else {
                throw PostgresError(.decoding, note: "a row of \(result.columns) columns has no more")
            }
            defer { column += 1 }
            return try U.decode(result.cell(row: index, column: column))
        }
        let values = (repeat try next((each types)))
        guard column == result.columns else {
            throw PostgresError(.decoding, note: "a row of \(result.columns) columns read as \(column)")
        }
        return values
    }

    /// The column of that name.
    package func value<T: SQLDecodable>(_ name: String, as type: T.Type = T.self) throws(PostgresError) -> T {
        let column = result.column(named: name)
        guard column >= 0 else { throw PostgresError(.decoding, note: "there is no column \(name)") }
        return try T.decode(result.cell(row: index, column: column))
    }
}

/// Owns a `PGresult`.
///
/// `@unchecked Sendable` because a result is never changed after it is made: "PGresult objects are normally read-only
/// after creation, and so can be passed around freely between threads"
/// (https://www.postgresql.org/docs/15/libpq-threading.html).
final class ResultHandle: @unchecked Sendable {
    private let pointer: OpaquePointer
    let rows: Int
    let columns: Int32

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rows = Int(PQntuples(pointer))
        columns = PQnfields(pointer)
    }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }

    /// The command tag, such as `INSERT 0 3`.
    var tag: String { String(cString: PQcmdStatus(pointer)) }

    var affectedRows: Int { PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0 }

    func column(named name: String) -> Int32 { PQfnumber(pointer, name) }

    func cell(row: Int32, column: Int32) -> Cell {
        let type = OID(rawValue: PQftype(pointer, column))
        guard PQgetisnull(pointer, row, column) == 0, PQfformat(pointer, column) == 1 else {
            return Cell(bytes: nil, type: type)
        }
        return Cell(
            bytes: UnsafeRawBufferPointer(
                start: PQgetvalue(pointer, row, column), count: Int(PQgetlength(pointer, row, column))),
            type: type)
    }

    var report: ServerReport {
        ServerReport { field in PQresultErrorField(pointer, field.code).map { String(cString: $0) } }
    }
}

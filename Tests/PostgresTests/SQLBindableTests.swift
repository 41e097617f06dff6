import Postgres
import TestSupport
import Testing

private enum Colour: String, SQLScalar {
    case red, green
}

@Suite(.database) struct SQLBindableTests {
    let database = TestDatabase.current.database

    /// Sends each value as a bind, together with the text that the server makes of it, and reads it back.
    private func roundTrip<T: SQLBindable & SQLDecodable & Equatable>(_ values: T..., as type: String) async throws {
        try await database.read { connection in
            for value in values {
                let row = try connection.query("SELECT \(value), pg_typeof(\(value))::text")[0]
                let (back, found) = try row.decode(T.self, String.self)
                #expect(back == value)
                #expect(found == type)
            }
        }
    }

    @Test func `scalars come back`() async throws {
        try await roundTrip(true, false, as: "boolean")
        try await roundTrip(Int16.min, 0, Int16.max, as: "smallint")
        try await roundTrip(Int32.min, 0, Int32.max, as: "integer")
        try await roundTrip(Int64.min, 0, Int64.max, as: "bigint")
        try await roundTrip(Int.min, -1, Int.max, as: "bigint")
        try await roundTrip(
            0.0, -1.5, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity, as: "double precision")
        try await roundTrip("", "plain", "Łódź — 東京 👩🏽‍🚒 é", "quote ' and \\ and $1", as: "text")
        try await roundTrip([] as [UInt8], [0], [0, 1, 0, 255, 0], Array(0...255), as: "bytea")
        try await roundTrip(UUIDValue.random(), UUIDValue.v7(), as: "uuid")
        try await roundTrip(JSONB(#"{"a": [1, null]}"#), JSONB("null"), as: "jsonb")
        try await roundTrip(Duration.zero, .seconds(-90), .microseconds(1), .seconds(86_400 * 400), as: "interval")
        try await roundTrip(Colour.green, as: "text")
    }

    @Test func `NaN comes back`() async throws {
        let value = try await database.query("SELECT \(Double.nan)")[0].decode(Double.self)
        #expect(value.isNaN)
    }

    @Test func `extreme instants come back`() async throws {
        try await roundTrip(
            Timestamp(microseconds: 0), Timestamp(microseconds: -1), Timestamp(rfc3339: "1999-12-31T23:59:59.999999Z")!,
            Timestamp.distantFuture, Timestamp.distantPast, Timestamp(rfc3339: "0001-01-01T00:00:00Z")!,
            as: "timestamp with time zone")
        let rows = try await database.query(
            """
            SELECT '4714-11-24 00:00:00+00 BC'::timestamptz, '294246-12-31 23:59:59+00'::timestamptz,
                   'infinity'::timestamptz, '-infinity'::timestamptz
            """)
        let (first, last, future, past) = try rows[0].decode(
            Timestamp.self, Timestamp.self, Timestamp.self, Timestamp.self)
        #expect(first.microseconds == -210_866_803_200_000_000)
        #expect(last.rfc3339 == "+294246-12-31T23:59:59Z")
        #expect(future == .distantFuture)
        #expect(past == .distantPast)
        let beyond = try await database.query("SELECT '294276-12-31 23:59:59+00'::timestamptz")
        #expect(throws: PostgresError.self) { try beyond[0].decode(Timestamp.self) }
    }

    @Test func `an instant before PostgreSQL's range is the server's error, not a trap`() async throws {
        await #expect(throws: PostgresError.self) {
            try await database.query("SELECT \(Timestamp(microseconds: .min + 1))")
        }
    }

    @Test func `the server reads an instant as it was meant`() async throws {
        let instant = Timestamp(rfc3339: "2026-06-01T10:00:00.123456+01:00")!
        let text = try await database.query(
            "SELECT to_char(\(instant) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')")[0].decode(String.self)
        #expect(text == "2026-06-01 09:00:00.123456")
    }

    @Test func `NULL comes back as nil and as nothing else`() async throws {
        try await roundTrip(nil as Int?, 3, as: "bigint")
        try await roundTrip(nil as String?, "", as: "text")
        try await roundTrip(nil as [UInt8]?, [], as: "bytea")
        try await roundTrip(nil as [String]?, [], as: "text[]")
        let null = try await database.query("SELECT \(nil as Int?)")
        #expect(throws: PostgresError.self) { try null[0].decode(Int.self) }
    }

    @Test func `arrays come back, empty, with NULLs, and of every type`() async throws {
        try await roundTrip([true, false], as: "boolean[]")
        try await roundTrip([Int16.min, 7], as: "smallint[]")
        try await roundTrip([Int32.max], as: "integer[]")
        try await roundTrip([Int64.min], as: "bigint[]")
        try await roundTrip([] as [Int], Array(0..<1000), as: "bigint[]")
        try await roundTrip([1.5, -.infinity], as: "double precision[]")
        try await roundTrip([] as [String], ["", "NULL", "a,b\"c\\", "東京"], as: "text[]")
        try await roundTrip([] as [[UInt8]], [[], [0], [0, 1, 0]], as: "bytea[]")
        try await roundTrip([UUIDValue.random(), .v7()], as: "uuid[]")
        try await roundTrip([Timestamp(seconds: 1), .distantPast], as: "timestamp with time zone[]")
        try await roundTrip([JSONB("[1]"), JSONB(#""x""#)], as: "jsonb[]")
        try await roundTrip([Duration.seconds(5)], as: "interval[]")
        try await roundTrip([Colour.red, .green], as: "text[]")
        try await roundTrip([nil, "a", nil] as [String?], [nil], as: "text[]")
        try await roundTrip([nil, 1, nil] as [Int?], as: "bigint[]")
        try await roundTrip([nil, [], [0]] as [[UInt8]?], as: "bytea[]")
        try await roundTrip([nil, UUIDValue.random()] as [UUIDValue?], as: "uuid[]")
    }

    @Test func `a NULL in an array that may hold none is refused`() async throws {
        let rows = try await database.query("SELECT \([1, nil] as [Int?])")
        #expect(throws: PostgresError.self) { try rows[0].decode([Int].self) }
    }

    @Test func `an array of two dimensions is refused`() async throws {
        let rows = try await database.query("SELECT ARRAY[ARRAY[1, 2], ARRAY[3, 4]]")
        #expect(throws: PostgresError.self) { try rows[0].decode([Int].self) }
    }

    @Test func `unnest takes arrays side by side`() async throws {
        try await database.execute("CREATE TABLE document (id bigint, body bytea, key text)")
        let bodies = (0..<200).map { [UInt8](repeating: UInt8($0), count: 2048) }
        let keys: [String?] = (0..<200).map { $0 % 3 == 0 ? nil : "key \($0)" }
        let count = try await database.execute(
            "INSERT INTO document SELECT * FROM unnest(\(Array(0..<200)), \(bodies), \(keys))")
        #expect(count == 200)
        let rows = try await database.query("SELECT id, body, key FROM document ORDER BY id")
            .decode(Int.self, [UInt8].self, String?.self)
        #expect(rows.map(\.0) == Array(0..<200))
        #expect(rows.map(\.1) == bodies)
        #expect(rows.map(\.2) == keys)
    }

    @Test func `integers narrow when they fit and never by cutting`() async throws {
        let rows = try await database.query("SELECT 70000::int8, 7::int2, count(*) FROM pg_class")
        #expect(throws: PostgresError.self) { try rows[0].decode(Int16.self, Int.self, Int.self) }
        #expect(try rows[0].decode(Int32.self, Int64.self, Int.self).1 == 7)
    }

    @Test func `types do not stand in for each other`() async throws {
        let rows = try await database.query("SELECT 1::int8")
        #expect(throws: PostgresError.self) { try rows[0].decode(String.self) }
        #expect(throws: PostgresError.self) { try rows[0].decode(Double.self) }
        #expect(throws: PostgresError.self) { try rows[0].decode(Timestamp.self) }
        #expect(throws: PostgresError.self) { try rows[0].decode([Int].self) }
        #expect(throws: PostgresError.self) { try rows[0].decode([UInt8].self) }
    }

    @Test func `a type of the database's own is read as text and written with a cast`() async throws {
        try await database.execute("CREATE TYPE colour AS ENUM ('red', 'green')")
        let row = try await database.query("SELECT \(Colour.green)::colour, 'blue'")[0]
        let (colour, _) = try row.decode(Colour.self, String.self)
        #expect(colour == .green)
        #expect(throws: PostgresError.self) { try row.decode(Colour.self, Colour.self) }
    }

    @Test func `an interval of months has no duration`() async throws {
        let row = try await database.query("SELECT interval '1 month' AS month, interval '2 days 1 second' AS days")[0]
        #expect(throws: PostgresError.self) { try row.value("month", as: Duration.self) }
        #expect(try row.value("days", as: Duration.self) == .seconds(172_801))
    }

    @Test func `a zero byte in text is the server's error`() async throws {
        await #expect(throws: PostgresError.self) { try await database.query("SELECT \("a\0b")") }
    }
}

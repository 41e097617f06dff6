import Postgres
import Testing

struct SQLTests {
    @Test func `every value becomes a numbered bind`() {
        let sql: SQL = "SELECT \(1), \("it's; DROP TABLE person") WHERE \(true)"
        #expect(sql.text == "SELECT $1, $2 WHERE $3")
    }

    @Test func `a fragment's binds are renumbered, past nine too`() {
        let columns = (1...11).reduce("\(0)" as SQL) { "\($0), \($1)" }
        let sql: SQL = "SELECT \("first"), \(columns), \("last")"
        #expect(sql.text == "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14")
    }

    @Test func `a fragment keeps its own text around its binds`() {
        let condition: SQL = "a = \(1) AND b = '$1' AND c = \(2)"
        let sql: SQL = "SELECT \(0) WHERE \(condition) LIMIT 1"
        #expect(sql.text == "SELECT $1 WHERE a = $2 AND b = '$1' AND c = $3 LIMIT 1")
    }

    @Test func `an identifier is quoted and its quotes are doubled`() {
        let sql: SQL = "SELECT * FROM \(identifier: #"odd"name"#)"
        #expect(sql.text == #"SELECT * FROM "odd""name""#)
    }

    @Test func `raw text of the source is pasted`() {
        let sql: SQL = "SELECT 1 \(raw: "FOR UPDATE")"
        #expect(sql.text == "SELECT 1 FOR UPDATE")
    }
}

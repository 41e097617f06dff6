import Postgres
import Testing

struct MigrationTests {
    @Test func `files become migrations by their names`() {
        let line = MigrationLine(
            name: "queue",
            files: [("0001_first_step", Array("SELECT 1".utf8)), ("0012_second", Array("SELECT 'é'".utf8))])
        #expect(line.migrations.map(\.number) == [1, 12])
        #expect(line.migrations.map(\.name) == ["first_step", "second"])
        #expect(line.migrations[1].sql == "SELECT 'é'")
    }

    @Test func `numbers that do not rise are a mistake of the program`() async {
        await #expect(processExitsWith: .failure) {
            _ = MigrationLine(name: "queue", files: [("0002_b", []), ("0001_a", [])])
        }
    }

    @Test func `a migration is named by its line, four digits and its name`() {
        #expect(MigrationIdentifier(line: "queue", number: 7, name: "seventh").description == "queue/0007_seventh")
    }
}

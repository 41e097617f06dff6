import Postgres
import Testing

struct DatabaseConfigurationTests {
    private func configuration(_ string: String) -> DatabaseConfiguration { .init(connectionString: string) }

    @Test(arguments: [
        "host=/var/run/postgresql dbname=hub", "dbname=hub", "host=localhost", "postgresql://127.0.0.1/hub",
        "host=localhost,127.0.0.1,::1", "hostaddr=127.0.0.1 host=localhost",
    ])
    func `these are on this machine`(string: String) {
        #expect(configuration(string).isLocal)
    }

    @Test(arguments: [
        "host=db.example.test", "host=localhost,db.example.test", "postgresql://hub@db.example.test/hub",
        "host=localhost hostaddr=192.0.2.1", "service=production", "not a connection string",
    ])
    func `these are not, or might not be`(string: String) {
        #expect(!configuration(string).isLocal)
    }

    @Test func `another database keeps the rest of the string`() throws {
        let other = try configuration("postgresql://hub:it's@localhost:5433/hub?application_name=x")
            .connecting(to: "odd'name")
        #expect(other.connectionString.contains(#"password='it\'s'"#))
        #expect(other.connectionString.contains("port='5433'"))
        #expect(other.connectionString.hasSuffix(#"dbname='odd\'name'"#))
    }

    @Test func `administration has no limits and no role`() {
        var given = configuration("dbname=hub")
        given.role = DatabaseRole(rawValue: "hub_app")
        #expect(given.forAdministration.role == nil)
        #expect(given.forAdministration.statementTimeout == .zero)
    }
}

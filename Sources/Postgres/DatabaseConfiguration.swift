/// How to reach a database and how much of it to take.
package struct DatabaseConfiguration: Sendable {
    /// libpq's own form, key words or URI, handed over untouched: several hosts, TLS and passwords are its business.
    ///
    /// A failover pair: `host=a,b target_session_attrs=read-write connect_timeout=3 tcp_user_timeout=10000`.
    package var connectionString: String

    /// The most connections held open at once. Defaults to twice the processors, 16 at most.
    package var maximumConnections: Int

    /// The most callers that may wait for a connection; one more is refused at once. Defaults to 1024.
    package var maximumWaiters = 1024

    /// How long a caller waits for a connection, a server that is away included. Defaults to 10 s.
    package var waitTimeout: Duration = .seconds(10)

    /// The server ends a statement that runs longer; zero never. Defaults to 30 s. After `grace` more the client takes
    /// the server for gone.
    package var statementTimeout: Duration = .seconds(30)

    /// How long after a limit the server may take to say that it has ended the statement; after that the connection is
    /// given up. Defaults to 5 s.
    package var grace: Duration = .seconds(5)

    /// The server ends a statement that waits longer for a lock; zero never. Defaults to 10 s.
    package var lockTimeout: Duration = .seconds(10)

    /// The server ends a connection whose transaction stands still longer; zero never. Defaults to 30 s.
    package var idleInTransactionTimeout: Duration = .seconds(30)

    /// The role that every connection takes on after logging in, such as `hub_app`; ``Database/acting(as:)`` chooses another
    /// for its own work. Left alone: the one that logs in.
    package var role: DatabaseRole?

    /// Where unqualified names are looked up. Left alone: the server's setting.
    package var searchPath: String?

    /// Whether the server plans each prepared statement once per connection, and reaches rows by index and nested loop
    /// wherever it can. Defaults to false: as the server is set up.
    ///
    /// Right for a service whose statements each touch few rows of large tables. Left to itself the server plans some
    /// statements anew each time, at many times the cost of running them; or keeps a plan made while a table was empty,
    /// which scans it whole when it has grown.
    package var plansByIndex = false

    /// What `pg_stat_activity` shows. Defaults to `hub`.
    package var applicationName = "hub"

    /// A connection is replaced after this long, less up to a tenth at random so that they do not all go at once.
    /// Defaults to 30 min.
    package var maximumAge: Duration = .seconds(1800)

    /// The pause after a failed attempt to connect, doubled with each failure up to the second. Defaults to 50 ms, 2 s.
    package var backOff: (first: Duration, longest: Duration) = (.milliseconds(50), .seconds(2))

    /// Prepared statements kept on a connection; the one unused for longest makes room. Defaults to 256.
    package var statementCacheCapacity = 256

    package init(connectionString: String, maximumConnections: Int? = nil) {
        self.connectionString = connectionString
        self.maximumConnections = maximumConnections ?? Self.defaultConnections
    }
}

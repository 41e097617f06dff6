import Glibc

/// How many files and connections this process may have open at once.
enum FileDescriptors {
    /// What everything but connections needs: the pool, adapters, drop folders, ways out, the journal.
    private static let reserve = 256
    /// More would not be of use to anybody, and each costs memory.
    private static let mostConnections = 50_000

    /// Raises the limit to what the system lets this process have. Services often begin with 1,024, which a thousand
    /// idle connections use up; then neither a file nor a connection can be opened, and the runtime itself may end.
    ///
    /// - Returns: How many may be open from now on.
    @discardableResult
    static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        if limit.rlim_cur < limit.rlim_max {
            var wanted = limit
            wanted.rlim_cur = limit.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted) == 0 { limit = wanted }
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// How many connections the partner listener takes at once; more wait until one ends.
    static func connections(of open: Int) -> Int {
        max(64, min(open - reserve, mostConnections))
    }
}

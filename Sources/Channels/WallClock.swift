import Glibc

/// The time of day of this machine. Channels take it as a value (`now`), so that tests can pass their own.
package enum WallClock {
    /// Seconds since 1970-01-01 UTC.
    package static func now() -> Int64 { Int64(time(nil)) }
}

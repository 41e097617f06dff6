import Glibc
import Synchronization

/// How much room the disk of a database on this machine has left, looked up once a second at most.
final class DiskGauge: Sendable {
    private let folder: String
    private let least: Int
    private let reading = Mutex<(free: Int?, until: ContinuousClock.Instant)?>(nil)

    /// - Parameters:
    ///   - folder: somewhere on the disk
    ///   - least: bytes that must be free
    init(folder: String, least: Int) {
        self.folder = folder
        self.least = least
    }

    /// Throws ``QueueError/storeNearlyFull(freeBytes:)`` when less is free than must be. A folder that cannot be looked
    /// at, because the database is elsewhere after all, refuses nothing.
    func check(now: ContinuousClock.Instant = .now) throws(QueueError) {
        let free = reading.withLock { reading in
            if let reading, now < reading.until { return reading.free }
            let free = Self.freeBytes(in: folder)
            reading = (free, now + .seconds(1))
            return free
        }
        if let free, free < least { throw .storeNearlyFull(freeBytes: free) }
    }

    private static func freeBytes(in folder: String) -> Int? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        return Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }
}

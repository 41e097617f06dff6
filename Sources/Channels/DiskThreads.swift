import NIOPosix

/// The threads on which work waits for the disk.
///
/// There are many of them because they hardly compute: files that are synced side by side share one commit of the file
/// system's journal, which is nearly all that a sync costs. On a disk where one takes 2.3 ms, 32 together take 4 ms.
enum DiskThreads {
    private static let pool = {
        let pool = NIOThreadPool(numberOfThreads: 32)
        pool.start()
        return pool
    }()

    /// Runs work that waits for the disk. Once asked for it is done, also when its task is cancelled.
    static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            pool.submit { _ in continuation.resume(with: Result { try body() }) }
        }
    }
}

import NIOCore
import NIOPosix

/// Where large documents are peeked at and translated: on a few threads of their own.
///
/// Reading one takes up to seconds of computing. On the cooperative pool, which has a thread per core, as many of them as
/// there are cores would keep everybody else from being answered: health, look-ups and small referrals too. Here they wait
/// for each other, and the system's scheduler shares the cores fairly with the rest.
final class LargeDocuments: TaskExecutor {
    /// A document of more bytes than this is large. One at the bound is read in some milliseconds.
    static let bound = 256 << 10

    /// Half the cores, so that half is left however much is read.
    static let shared = LargeDocuments(threads: max(1, System.coreCount / 2))

    private let pool: NIOThreadPool

    init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { [self] _ in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// Runs what reads a document of so many bytes: here when it is large, else where the caller runs.
    static func reading<R: Sendable>(
        _ bytes: Int, on threads: LargeDocuments = .shared, _ body: @Sendable () async throws -> R
    ) async rethrows -> R {
        guard bytes > bound else { return try await body() }
        return try await withTaskExecutorPreference(threads) { try await body() }
    }
}

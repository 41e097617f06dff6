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

    /// For what comes before an answer to a sender.
    static let answering = LargeDocuments(threads: max(1, System.coreCount / 2))

    /// For what comes behind the queue, where nobody waits: apart, so that nobody who waits for an answer waits for it.
    static let translating = LargeDocuments(threads: max(1, System.coreCount / 2))

    /// For drafts of mappings, of which one is tried at a time: whatever a draft is made to do, it holds no thread that
    /// documents wait for.
    static let trying = LargeDocuments(threads: 1)

    private let pool: NIOThreadPool

    /// For documents that staff look at, one after the other: whatever is opened, it holds no thread that others wait for.
    static let showing = LargeDocuments(threads: 1)

    init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { [self] _ in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// Runs what reads a document of so many bytes: here when it is large, else where the caller runs.
    func reading<R: Sendable>(_ bytes: Int, _ body: @Sendable () async throws -> R) async rethrows -> R {
        guard bytes > Self.bound else { return try await body() }
        return try await running(body)
    }

    /// Runs what may take long, here whatever it is.
    func running<R: Sendable>(_ body: @Sendable () async throws -> R) async rethrows -> R {
        try await withTaskExecutorPreference(self) { try await body() }
    }
}

import Glibc

/// A serial executor that is one thread of the operating system, so that its actor may block.
///
/// The thread ends after `stop()`, when all jobs have run. Only the owner stops it, once it is itself unreachable, so no
/// job can arrive later.
///
/// `@unchecked Sendable`: `jobs` and `isStopped` are touched only under `mutex`.
final class ConnectionThread: SerialExecutor, @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private enum Job {
        case task(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    private var jobs: [Job] = []
    private var isStopped = false
    private var thread: pthread_t?

    init() throws(PostgresError) {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        guard startThread({ [self] in run() }) else {
            throw PostgresError(.connectionFailed, note: "no thread to spare")
        }
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        add(.task(UnownedJob(job)))
    }

    /// Runs `closure` after the jobs that are there.
    func post(_ closure: @escaping @Sendable () -> Void) {
        add(.closure(closure))
    }

    private func add(_ job: Job) {
        locked { jobs.append(job) }
        pthread_cond_signal(condition)
    }

    func stop() {
        locked { isStopped = true }
        pthread_cond_signal(condition)
    }

    func isIsolatingCurrentContext() -> Bool? {
        locked { thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "not on this connection's thread")
    }

    private func run() {
        locked { thread = pthread_self() }
        var batch: [Job] = []
        while true {
            pthread_mutex_lock(mutex)
            while jobs.isEmpty && !isStopped { pthread_cond_wait(condition, mutex) }
            swap(&jobs, &batch)
            pthread_mutex_unlock(mutex)
            if batch.isEmpty { return }
            for job in batch {
                switch job {
                case .task(let task): task.runSynchronously(on: asUnownedSerialExecutor())
                case .closure(let closure): closure()
                }
            }
            batch.removeAll(keepingCapacity: true)
        }
    }

    private func locked<T>(_ body: () -> T) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}

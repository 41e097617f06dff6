import NIOPosix
import Synchronization

/// A conversation by libcurl, which ``CurlThread`` keeps on its thread.
protocol CurlTransfer: AnyObject, SendableMetatype {
    var handle: CurlHandle { get }
}

/// A thread on which calls of a transfer wait, one after the other, and the transfer that they share.
///
/// Unchecked, because the transfer is made, used and let go in closures of a pool that has one thread, and nowhere else.
final class CurlThread<Transfer: CurlTransfer, Failure: Error>: @unchecked Sendable {
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let connect: @Sendable () throws(Failure) -> Transfer
    private let cancelled: Failure
    private let keepsIdle: Bool
    /// Calls that have not come to their turn.
    private let waiting = Atomic<Int>(0)
    private var transfer: Transfer?

    /// - Parameters:
    ///   - cancelled: what is thrown where a caller is cancelled, or the thread has ended, before the call's turn.
    ///   - keepsIdle: Whether the connection is kept when no call waits for it. Defaults to true.
    ///   - connect: makes a transfer; called on the thread.
    init(cancelled: Failure, keepsIdle: Bool = true, connect: @escaping @Sendable () throws(Failure) -> Transfer) {
        self.cancelled = cancelled
        self.keepsIdle = keepsIdle
        self.connect = connect
    }

    /// Runs calls on the thread. When one fails, the next begins with a new connection.
    func run<T: Sendable>(
        _ body: @escaping @Sendable (Transfer) throws(Failure) -> T
    ) async throws(Failure) -> T {
        // Not sooner, so that one that is never used need not be ended. Starting a pool that runs does nothing.
        pool.start()
        waiting.add(1, ordering: .relaxed)
        let cancellation = CurlHandle.Cancellation()
        let result = await withTaskCancellationHandler {
            try? await pool.runIfActive { [self] () -> Result<T, Failure> in
                waiting.subtract(1, ordering: .relaxed)
                guard !cancellation.isCancelled else { return .failure(cancelled) }
                do throws(Failure) {
                    let transfer = try connected()
                    transfer.handle.cancellation = cancellation
                    let value = try body(transfer)
                    if !keepsIdle, waiting.load(ordering: .relaxed) == 0 { self.transfer = nil }
                    return .success(value)
                } catch {
                    self.transfer = nil
                    return .failure(error)
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        guard let result else {
            waiting.subtract(1, ordering: .relaxed)
            throw cancelled
        }
        return try result.get()
    }

    /// The transfer of this thread; to be called there.
    private func connected() throws(Failure) -> Transfer {
        if let transfer { return transfer }
        let made = try connect()
        transfer = made
        return made
    }

    /// Ends the thread. Nothing may be run afterwards.
    func shutdown() async { try? await pool.shutdownGracefully() }
}

/// A thread for calls of a mail server.
typealias MailThread = CurlThread<MailTransfer, MailError>

extension CurlThread where Transfer == MailTransfer, Failure == MailError {
    convenience init(_ login: MailLogin) {
        self.init(cancelled: .cancelled) { () throws(MailError) in try MailTransfer(login) }
    }
}

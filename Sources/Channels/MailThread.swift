import NIOPosix

/// A thread on which calls of ``MailTransfer`` wait, one after the other, and the transfer that they share.
///
/// Unchecked, because the transfer is made, used and let go in closures of a pool that has one thread, and nowhere else.
final class MailThread: @unchecked Sendable {
    private let login: MailLogin
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let cancellation = MailTransfer.Cancellation()
    private var transfer: MailTransfer?

    init(_ login: MailLogin) {
        self.login = login
    }

    /// Runs calls on the thread. When one fails, the next begins with a new connection. A caller that is cancelled ends all.
    func run<T: Sendable>(
        _ body: @escaping @Sendable (MailTransfer) throws(MailError) -> T
    ) async throws(MailError) -> T {
        // Not sooner, so that one that is never used need not be ended. Starting a pool that runs does nothing.
        pool.start()
        let result = await withTaskCancellationHandler {
            try? await pool.runIfActive { [self] () -> Result<T, MailError> in
                do throws(MailError) {
                    return .success(try body(try connected()))
                } catch {
                    self.transfer = nil
                    return .failure(error)
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        guard let result else { throw .cancelled }
        return try result.get()
    }

    /// The transfer of this thread; to be called there.
    private func connected() throws(MailError) -> MailTransfer {
        if let transfer { return transfer }
        let made = try MailTransfer(login, cancellation: cancellation)
        transfer = made
        return made
    }

    /// Ends the thread. Nothing may be run afterwards.
    func shutdown() async { try? await pool.shutdownGracefully() }
}

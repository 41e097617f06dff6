import Foundation
import Synchronization

/// A program that runs beside us for as long as it is needed.
final class ChildProcess: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// The process is reached from one thread at a time: every use of it is under the lock.
    private struct Running: @unchecked Sendable { let process: Process }
    private let running: Mutex<Running>
    /// Nobody cancels it: cancelling one reader of a stream ends the stream for all.
    private let end: Task<Void, Never>

    /// - Parameters:
    ///   - environment: added to ours.
    ///   - output: the file that takes what it prints.
    init(
        executable: String, arguments: [String], environment: [String: String] = [:], folder: String? = nil,
        output: String
    ) throws {
        guard FileManager.default.isExecutableFile(atPath: executable) else {
            throw Failure(description: "\(executable) is not a program that can be run")
        }
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        try Data().write(to: URL(filePath: output))
        let log = try FileHandle(forWritingTo: URL(filePath: output))
        process.standardOutput = log
        process.standardError = log
        process.standardInput = FileHandle.nullDevice
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        end = Task { for await _ in stream {} }
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
        running = Mutex(Running(process: process))
    }

    var isRunning: Bool { running.withLock { $0.process.isRunning } }

    /// Asks it to end; the process itself decides when.
    func terminate() { running.withLock { if $0.process.isRunning { $0.process.terminate() } } }

    /// Waits for its end, whether or not we are cancelled.
    func wait() async { await end.value }

    /// Asks it to end, kills it when it does not, and waits for its end: its ports are free then. Our cancellation changes nothing.
    func stop(within limit: Duration) async {
        terminate()
        let killing = Task {
            try await Task.sleep(for: limit)
            running.withLock { if $0.process.isRunning { _ = kill($0.process.processIdentifier, SIGKILL) } }
        }
        await wait()
        killing.cancel()
    }
}

import Logging
import Postgres
import ServiceLifecycle

/// Carries out the replays that staff have asked for, a part of each in turn, so that one letter does not wait for a hundred
/// thousand. Any number of nodes may run it: each part is one node's.
struct ReplayKeeper: Service {
    private let replays: Replays
    private let logger: Logger

    init(_ installation: Installation) {
        replays = Replays(installation)
        logger = installation.logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await rounds() }
    }

    private func rounds() async {
        while !Task.isCancelled {
            do {
                while try await keep() {}
            } catch is CancellationError {
                return
            } catch {
                logger.warning("replays are looked at again", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Carries out a part of each replay that is due.
    ///
    /// - Returns: Whether there was anything to do.
    func keep() async throws -> Bool {
        var didAny = false
        for id in try await replays.due() {
            try Task.checkCancellation()
            do {
                let did = try await replays.advance(id)
                didAny = didAny || did
            } catch  where !Task.isCancelled {
                // Throws where the database is away: that is no fault of the replay.
                let isOver = try await replays.fail(id)
                logger.log(
                    level: isOver ? .error : .warning,
                    isOver ? "a replay is given up" : "a part of a replay failed and is tried again",
                    metadata: ["replay": "\(id)", "error": "\(error)"])
            }
        }
        return didAny
    }
}

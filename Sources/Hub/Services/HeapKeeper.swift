import CMalloc
import ServiceLifecycle

/// Gives the system back what the C library's heap keeps after a burst: glibc holds on to free memory for each of its
/// arenas, of which it makes up to eight for a processor.
package struct HeapKeeper: Service {
    /// How long free memory is kept at most.
    private static let interval = Duration.seconds(30)

    /// Two arenas in place of eight for a processor. Call it before there are threads, each of which would get its own.
    package static func limitArenas() { mallopt(M_ARENA_MAX, 2) }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { malloc_trim(0) }
        }
    }
}

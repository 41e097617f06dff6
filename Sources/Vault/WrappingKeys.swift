import Crypto
import Synchronization

/// The keys of the ring that a process works with: which wraps, and which only open. Shared by all copies of a ``Vault``, so
/// that a change is seen by all at once.
final class WrappingKeys: Sendable {
    struct Key: Sendable {
        let mark: [UInt8]
        let wrapping: SymmetricKey
        let apart: SymmetricKey

        init(_ key: InstallationKey) {
            mark = key.mark
            wrapping = key.derived("wrap")
            apart = key.derived("apart")
        }
    }

    private struct State {
        /// The oldest first.
        var keys: [Key]
        var current: Key
        /// As the file stood when the ring was read from it.
        var file: [Int]?
        /// What could not be taken over from it, until it changes again.
        var problem: VaultError?
    }

    private let file: String?
    private let state: Mutex<State>
    private let ring: Mutex<KeyRing>

    /// - Parameter file: Where the ring is read anew from once it has changed; nil for one that does not change.
    init(_ ring: KeyRing, file: String?) {
        let keys = ring.keys.map { Key($0.key) }
        self.file = file
        self.ring = Mutex(ring)
        state = Mutex(State(keys: keys, current: keys[0], file: file.flatMap(KeyFile.state(of:))))
    }

    var current: Key { state.withLock { $0.current } }

    var all: [Key] { state.withLock { $0.keys } }

    subscript(mark: ArraySlice<UInt8>) -> Key? {
        state.withLock { state in state.keys.first { $0.mark.elementsEqual(mark) } }
    }

    /// Wraps by another key from now on.
    ///
    /// - Returns: Whether the ring has it.
    func use(_ mark: [UInt8]) -> Bool {
        state.withLock { state in
            guard let key = state.keys.first(where: { $0.mark == mark }) else { return false }
            state.current = key
            return true
        }
    }

    /// Takes over what the file holds, if it has changed since.
    ///
    /// - Throws: why it cannot be taken over; the keys stay as they were.
    func reread() throws(VaultError) {
        guard let file else { return }
        let now = KeyFile.state(of: file)
        let (isKnown, problem) = state.withLock { ($0.file == now, $0.problem) }
        if isKnown {
            if let problem { throw problem }
            return
        }
        let outcome: Result<KeyRing, VaultError>
        do throws(VaultError) {
            let read = try KeyRing.load(file: file)
            guard ring.withLock({ $0.findsAs(read) }) else { throw .otherInstallation }
            outcome = .success(read)
        } catch {
            outcome = .failure(error)
        }
        state.withLock { state in
            state.file = now
            guard case .success(let read) = outcome else {
                if case .failure(let error) = outcome { state.problem = error }
                return
            }
            state.problem = nil
            state.keys = read.keys.map { Key($0.key) }
            state.current = state.keys.first { $0.mark == state.current.mark } ?? state.keys[state.keys.count - 1]
        }
        if case .success(let read) = outcome { ring.withLock { $0 = read } }
        _ = try outcome.get()
    }
}

import CaseStore
import Channels
import Crypto
import Postgres
import Translation

/// Runs the samples of adapters when somebody asks, one run at a time, beside everything else that this process does; what
/// came of the last of each adapter is remembered until the process ends.
actor AdapterTests {
    enum Outcome: Sendable {
        case done([SampleResult], at: Timestamp)
        /// There was no time left for it.
        case leftOut(at: Timestamp)
    }

    /// How long a run goes on at most; the samples of the adapter that is in hand then fail. All of the project's take some seconds.
    static let limit: Duration = .seconds(60)

    /// Samples hold no thread that documents, or drafts of mappings, wait for.
    private static let thread = LargeDocuments(threads: 1)

    private let catalogue: AdapterCatalogue
    private let limit: Duration
    private(set) var outcomes: [String: Outcome] = [:]
    /// Ids of the adapters of a run that are still to be tested.
    private(set) var waiting: Set<String> = []

    init(_ catalogue: AdapterCatalogue, limit: Duration = limit) {
        self.catalogue = catalogue
        self.limit = limit
    }

    /// Begins to test an adapter, or all of them, unless a run is under way.
    ///
    /// - Returns: Whether it was begun.
    @discardableResult
    func begin(_ id: String? = nil) -> Bool {
        guard waiting.isEmpty else { return false }
        let adapters = id.map { id in catalogue.all.filter { $0.id == id } } ?? catalogue.all
        waiting = Set(adapters.map(\.id))
        // Not a child of the request: its page is answered at once, and shows how far it is.
        Task { await run(adapters) }
        return true
    }

    /// Tests adapters, one after the other.
    func run(_ adapters: [Adapter]) async {
        let end = ContinuousClock.now + limit
        let budget = TrialBudget(steps: .max, until: end)
        for adapter in adapters {
            if ContinuousClock.now < end {
                let results = await Self.thread.running { SampleRunner().run(adapter, within: budget) }
                outcomes[adapter.id] = .done(results, at: .now())
            } else {
                outcomes[adapter.id] = .leftOut(at: .now())
            }
            waiting.remove(adapter.id)
        }
    }

    /// How many adapters have samples that fail; nil while none was tested.
    var failing: Int? {
        let tested = outcomes.values.compactMap { outcome in
            if case .done(let results, _) = outcome { results } else { nil }
        }
        guard !tested.isEmpty else { return nil }
        return tested.count { $0.contains { !$0.differences.isEmpty } }
    }
}

/// What the files of adapters are told apart by.
struct AdapterDigests: Sendable {
    /// SHA-256 of every file that an adapter was read from, by its path below the adapters folder, as they were when this was made.
    private let digests: [String: String]
    private let sharedFiles: Set<String>
    private let folder: String

    /// - Parameter folder: The adapters folder.
    init(_ catalogue: AdapterCatalogue, folder: String) {
        self.folder = folder
        sharedFiles = catalogue.sharedFiles
        var digests: [String: String] = [:]
        for file in catalogue.all.reduce(into: catalogue.sharedFiles, { $0.formUnion($1.files) }) {
            digests[file] = Self.digest(of: file, in: folder)
        }
        self.digests = digests
    }

    /// As it was when this was made.
    subscript(file: String) -> String? { digests[file] }

    /// Of all files that any adapter may name, together.
    var shared: String {
        let lines = sharedFiles.sorted().map { "\(digests[$0] ?? "")  \($0)\n" }.joined()
        return Hexadecimal.text(SHA256.hash(data: Array(lines.utf8)))
    }

    /// Whether a file that an adapter was read from, or might name, is another than it was.
    func isChanged(_ adapter: Adapter) -> Bool {
        adapter.files.union(sharedFiles).contains { digests[$0] != Self.digest(of: $0, in: folder) }
    }

    private static func digest(of file: String, in folder: String) -> String? {
        (try? LocalFile.read("\(folder)/\(file)", limit: 4 << 20)).map { Hexadecimal.text(SHA256.hash(data: $0)) }
    }
}

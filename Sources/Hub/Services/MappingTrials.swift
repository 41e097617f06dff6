import CaseStore
import Console
import MessageQueue
import Postgres
import Referral
import Rights
import Synchronization
import Translation

/// Tries drafts of mappings on documents that were set aside: by turns as the adapter reads them today and as it would by the
/// draft. Nothing is stored but, on the ledger, that somebody had each document read.
struct MappingTrials: Sendable {
    /// Documents that a draft is tried on at most, the latest of a group.
    static let documents = 20
    /// How long the documents are read by a draft, all together.
    private static let patience: Duration = .seconds(10)
    /// Mistakes that are told at most: what follows from the first is no news.
    private static let mistakes = 50
    /// Whether this node tries a draft now.
    private static let isBusy = Mutex(false)

    /// Another draft is being tried on this node.
    struct UnderWay: Error {}

    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation.acting(as: .console) }

    /// The mapping files by which the latest documents of a group are read, as `uhdb/referral.map.yaml`.
    func files(of fingerprint: Int64) async throws -> [String] {
        let receipts = try await receipts(of: fingerprint)
        let adapters = try await installation.database.read { [store = installation.store] connection in
            Set(try store.receipts(receipts, in: connection).values.compactMap(\.adapter))
        }
        return adapters.sorted().flatMap { id in
            (installation.catalogue[id]?.mappingFiles ?? []).map { "\(id)/\($0)" }
        }
    }

    /// A mapping file as it is; nil for the name of none.
    func text(of file: String) -> String? {
        split(file).flatMap { $0.adapter.mappingText($0.name) }
    }

    /// Reads the latest documents of a group by a draft, and by the file as it is.
    ///
    /// - Parameters:
    ///   - file: As ``files(of:)`` names it; its documents alone are read.
    ///   - actor: Who has them read.
    /// - Returns: Nil where there is no such file.
    /// - Throws: ``UnderWay``.
    func run(
        _ text: String, as file: String, on fingerprint: Int64, by actor: Principal
    ) async throws -> DraftPage.Result? {
        guard let (adapter, name) = split(file), adapter.mappingFiles.contains(name) else { return nil }
        let isFirst = Self.isBusy.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard isFirst else { throw UnderWay() }
        defer { Self.isBusy.withLock { $0 = false } }
        let drafted: Adapter
        switch await LargeDocuments.trying.running({ adapter.drafted(name, as: text) }) {
        case .success(let adapter): drafted = adapter
        case .failure(let mistakes):
            return .mistakes(mistakes.diagnostics.prefix(Self.mistakes).map(\.description))
        }
        let end = ContinuousClock.now + Self.patience
        var (documents, changed, changes) = (0, 0, Changes())
        for receipt in try await receipts(of: fingerprint) {
            guard let document = try await document(receipt, of: adapter, for: actor),
                let format = DocumentFormat(rawValue: document.receipt.format)
            else { continue }
            let environment = installation.configuration.environment
            let budget = TrialBudget(until: end)
            let differences = await LargeDocuments.trying.running {
                adapter.differences(
                    to: drafted, in: document.bytes, format, environment: environment,
                    now: Instant(microseconds: document.receipt.receivedAt.microseconds), within: budget)
            }
            guard !budget.isSpent else {
                return .mistakes(["\(file): it takes too long to read the documents by it; make it simpler"])
            }
            documents += 1
            changed += differences.isEmpty ? 0 : 1
            changes.add(differences)
        }
        return .tried(documents: documents, changed: changed, changes.all)
    }

    private func split(_ file: String) -> (adapter: Adapter, name: String)? {
        let parts = file.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let adapter = installation.catalogue[String(parts[0])] else { return nil }
        return (adapter, String(parts[1]))
    }

    private func receipts(of fingerprint: Int64) async throws -> [UUIDValue] {
        try await installation.queue.latestDeadLetters(
            of: Intake.queueName, fingerprint: fingerprint, limit: Self.documents
        ).compactMap(\.correlation)
    }

    /// A document of this adapter's, with an entry that it was read; nil where it is another's, or destroyed.
    private func document(
        _ receipt: UUIDValue, of adapter: Adapter, for actor: Principal
    ) async throws -> StoredDocument? {
        try await installation.database.transaction { [store = installation.store] connection in
            guard try store.receipts([receipt], in: connection)[receipt]?.adapter == adapter.id else { return nil }
            return try store.document(receipt, viewedBy: actor.id, in: connection)
        }
    }
}

/// What a draft changes, by field: which of a list's members differs does not matter, nor what stands there.
private struct Changes {
    private struct Key: Hashable {
        let path: String
        let before: String
        let after: String
    }

    private var counts: [Key: Int] = [:]

    var all: [DraftPage.Change] {
        counts.map { DraftPage.Change(path: $0.path, documents: $1, before: $0.before, after: $0.after) }
            .sorted { ($0.path, $0.before, $0.after) < ($1.path, $1.before, $1.after) }
    }

    /// Adds those of one document.
    mutating func add(_ differences: [SampleResult.Difference]) {
        let keys = differences.map { difference in
            let path = Self.plain(difference.path)
            return Key(
                path: path, before: Self.words(difference.expected, at: path),
                after: Self.words(difference.got, at: path))
        }
        for key in Set(keys) { counts[key, default: 0] += 1 }
    }

    /// Without the places in lists, and without the list of a document's parts that all stand in.
    private static func plain(_ path: String) -> String {
        var plain = ""
        var isInside = false
        for character in path {
            if character == "[" { isInside = true }
            if !isInside { plain.append(character) }
            if character == "]" { isInside = false }
        }
        return plain.hasPrefix(".") ? String(plain.dropFirst()) : plain
    }

    /// States and the codes of findings as they are; of everything else what sort of value it is.
    private static func words(_ text: String, at path: String) -> String {
        guard let value = try? StrictJSON.parse(Array(text.utf8)) else { return "nothing" }
        if path == "status" || path == "errors.code" || path == "warnings.code" {
            return value.stringValue ?? "nothing"
        }
        if path == "errors" || path == "warnings" { return value["code"]?.stringValue ?? value.masked }
        return value.masked
    }
}

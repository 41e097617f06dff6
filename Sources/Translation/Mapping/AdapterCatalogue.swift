/// All adapters of a folder.
package struct AdapterCatalogue: Sendable {
    /// In alphabetical order of their ids.
    package let all: [Adapter]
    /// The files that any of them may name, below the adapters folder: tables of codes, and groups of extensions.
    package let sharedFiles: Set<String>
    private let positions: [String: Int]

    private init(_ adapters: [Adapter], sharedFiles: Set<String> = []) {
        self.sharedFiles = sharedFiles
        all = adapters.sorted { $0.id < $1.id }
        positions = Dictionary(all.enumerated().map { ($1.id, $0) }) { first, _ in first }
    }

    /// Reads every adapter of a folder, and reports every mistake in them at once.
    ///
    /// An adapter with mistakes is in the catalogue as far as it could be understood, so that it can be shown; nothing
    /// should be run with it.
    package static func load(_ folder: String) -> (AdapterCatalogue, [AdapterDiagnostic]) {
        var diagnostics: [AdapterDiagnostic] = []
        guard AdapterFiles.isFolder(folder) else {
            let missing = AdapterDiagnostic(
                file: folder, line: 0, problem: "there is no such folder", remedy: "name the adapters folder")
            return (AdapterCatalogue([]), [missing])
        }
        let sharedReadings = AdapterFiles.Readings()
        let shared = AdapterFiles.$readings.withValue(sharedReadings) { SharedDefinitions(folder, &diagnostics) }
        var adapters: [Adapter] = []
        for name in AdapterFiles.names(in: folder) where name != SharedDefinitions.codes {
            guard AdapterFiles.isFolder("\(folder)/\(name)") else { continue }
            let readings = AdapterFiles.Readings()
            let read = AdapterFiles.$readings.withValue(readings) { () -> Adapter? in
                guard var reader = DefinitionReader(name, in: folder, shared, &diagnostics) else { return nil }
                let adapter = reader.adapter(name)
                diagnostics += reader.diagnostics
                return adapter
            }
            guard var adapter = read else { continue }
            adapter.files = readings.below(folder)
            adapters.append(adapter)
            diagnostics += Self.missingFiles(adapter, name)
        }
        return (AdapterCatalogue(adapters, sharedFiles: sharedReadings.below(folder)), Array(Set(diagnostics)).sorted())
    }

    /// The adapter of an id.
    package subscript(id: String) -> Adapter? { positions[id].map { all[$0] } }

    /// The same with another adapter in the place of the one of its id.
    package func replacing(_ adapter: Adapter) -> AdapterCatalogue {
        AdapterCatalogue(all.map { $0.id == adapter.id ? adapter : $0 }, sharedFiles: sharedFiles)
    }

    /// What people need beside the definition.
    private static func missingFiles(_ adapter: Adapter, _ name: String) -> [AdapterDiagnostic] {
        var diagnostics: [AdapterDiagnostic] = []
        if AdapterFiles.bytes("\(adapter.folder)/README.md") == nil {
            diagnostics.append(
                AdapterDiagnostic(
                    file: "\(name)/README.md", line: 0, problem: "it is missing",
                    remedy: "say who the partner is, what it sends and what it is sent"))
        }
        let wanted = [("in", !adapter.inbound.isEmpty), ("out", !adapter.outbound.isEmpty)]
        for (direction, isUsed) in wanted where isUsed && Sample.all(of: adapter, direction).isEmpty {
            diagnostics.append(
                AdapterDiagnostic(
                    file: "\(name)/samples/\(direction)", line: 0, problem: "there is no sample",
                    remedy: "put a document there and, beside it, what it must give as NAME.expected.*"))
        }
        return diagnostics
    }
}

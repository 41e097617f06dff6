package import Referral

extension Adapter {
    /// The mapping files of its own, by which it reads documents.
    package var mappingFiles: [String] { AdapterFiles.names(in: folder).filter { $0.hasSuffix(".map.yaml") } }

    /// One of its mapping files as it is; nil for the name of no such file.
    package func mappingText(_ file: String) -> String? {
        guard mappingFiles.contains(file) else { return nil }
        return AdapterFiles.bytes("\(folder)/\(file)").map { String(decoding: $0, as: UTF8.self) }
    }

    /// The adapter as it would be with a draft in the place of one of its mapping files. Nothing is written anywhere.
    ///
    /// - Returns: The adapter, or every mistake that keeps the draft from being used.
    package func drafted(_ file: String, as text: String) -> Result<Adapter, DraftMistakes> {
        guard mappingFiles.contains(file), let slash = folder.lastIndex(of: "/") else {
            let unknown = AdapterDiagnostic(file: file, line: 0, problem: "\(id) has no such mapping file")
            return .failure(DraftMistakes(diagnostics: [unknown]))
        }
        let (parent, own) = (String(folder[..<slash]), String(folder[folder.index(after: slash)...]))
        var diagnostics: [AdapterDiagnostic] = []
        let name = "\(own)/\(file)"
        if let mistake = DraftBounds.mistake(in: text, of: name) {
            return .failure(DraftMistakes(diagnostics: [mistake]))
        }
        if let draft = DefinitionFile.parse(text, name: name, &diagnostics) {
            if let mistake = DraftBounds.mistake(in: draft) {
                diagnostics.append(mistake)
            } else if let extended = draft.root.member("extends"),
                extended.scalarText?.split(separator: "/", omittingEmptySubsequences: false).contains("..") ?? true
            {
                // A draft comes from a page: by the mistakes in it nobody is to read files outside the adapters folder.
                diagnostics.append(
                    draft.diagnostic(
                        extended, "extends", "it leads out of the adapters folder", "write folder/file.map.yaml"))
            }
        }
        guard diagnostics.isEmpty else { return .failure(DraftMistakes(diagnostics: diagnostics)) }
        let draft = AdapterFiles.Draft(path: "\(folder)/\(file)", bytes: Array(text.utf8))
        let adapter = AdapterFiles.$draft.withValue(draft) { () -> Adapter? in
            let shared = SharedDefinitions(parent, &diagnostics)
            guard var reader = DefinitionReader(own, in: parent, shared, &diagnostics) else { return nil }
            let adapter = reader.adapter(own)
            diagnostics += reader.diagnostics
            return adapter
        }
        guard let adapter, diagnostics.isEmpty else {
            return .failure(DraftMistakes(diagnostics: Array(Set(diagnostics)).sorted()))
        }
        return .success(adapter)
    }

    /// Where a document gives something else by another adapter than by this one, in the lines of `hub translate`.
    ///
    /// - Parameters:
    ///   - now: When the document was received.
    ///   - budget: What the other may use. Once it is spent the differences mean nothing.
    package func differences(
        to other: Adapter, in bytes: [UInt8], _ format: DocumentFormat, environment: HubEnvironment, now: Instant,
        within budget: TrialBudget = TrialBudget()
    ) -> [SampleResult.Difference] {
        func lines(_ adapter: Adapter) -> Value {
            guard let way = adapter.inbound(for: format, type: (try? Peek.look(bytes, format: format))?.type) else {
                return .array([])
            }
            let translator = Translator(adapter: adapter, inbound: way, environment: environment, now: now)
            return .array(translator.translate(bytes).map(\.line))
        }
        return Comparison.differences(lines(self), TrialBudget.$current.withValue(budget) { lines(other) })
    }
}

/// Why a draft cannot be used.
package struct DraftMistakes: Error, Sendable, Hashable {
    package var diagnostics: [AdapterDiagnostic]
}

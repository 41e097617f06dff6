package import Referral

/// An adapter as this process has loaded it, and what came of its samples.
package struct AdapterSettings: Sendable {
    /// What tells one state of a file from another.
    package enum Digest: Sendable {
        /// There is no file: the hub itself knows what is meant.
        case builtIn
        /// The beginning of the SHA-256 of its bytes.
        case sha256(String)
        case unreadable

        fileprivate var cell: Sheet.Cell {
            switch self {
            case .builtIn: .init(text: "built in")
            case .sha256(let text): .init(text: text)
            case .unreadable: .init(text: "cannot be read", isState: true)
            }
        }
    }

    /// A way in or out.
    package struct Way: Sendable {
        /// `in`, or what it is for.
        package var purpose: String
        package var channel: String
        package var format: String
        /// The file that says how it is read or written.
        package var file: String
        package var digest: Digest

        package init(purpose: String, channel: String, format: String, file: String, digest: Digest) {
            self.purpose = purpose
            self.channel = channel
            self.format = format
            self.file = file
            self.digest = digest
        }
    }

    package struct Sample: Sendable {
        package var file: String
        /// Where it differs from what it should give; none where it passed.
        package var differences: [(path: String, expected: String, got: String)]

        package init(file: String, differences: [(path: String, expected: String, got: String)]) {
            self.file = file
            self.differences = differences
        }
    }

    /// What came of running the samples.
    package enum Tests: Sendable {
        /// Not since this process was started.
        case never
        case running
        case done([Sample], at: Instant)
        /// There was no time left for it.
        case leftOut(at: Instant)
    }

    package var id: String
    package var name: String
    package var kind: String
    package var ways: [Way]
    /// The other files that it was read from: its definition, and what its mappings extend.
    package var others: [(file: String, digest: Digest)]
    /// Of the tables and groups that every adapter may name, together.
    package var shared: Digest
    /// Ids of those who are known to the hub and use it.
    package var partners: [String]
    /// Whether files are not what they were when the process was started.
    package var isChanged: Bool
    package var tests: Tests

    package init(
        id: String, name: String, kind: String, ways: [Way], others: [(file: String, digest: Digest)], shared: Digest,
        partners: [String], isChanged: Bool, tests: Tests
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.ways = ways
        self.others = others
        self.shared = shared
        self.partners = partners
        self.isChanged = isChanged
        self.tests = tests
    }

    var formats: String {
        Array(Set(ways.map(\.format))).sorted().joined(separator: ", ")
    }

    var hasIn: Bool { ways.contains { $0.purpose == "in" } }
    var hasOut: Bool { ways.contains { $0.purpose != "in" } }
}

extension AdapterSettings.Tests {
    var failed: Int {
        if case .done(let samples, _) = self { samples.count { !$0.differences.isEmpty } } else { 0 }
    }

    fileprivate var cell: Sheet.Cell {
        switch self {
        case .never: .init(text: "not tested yet")
        case .running: .init(text: "being tested")
        case .leftOut(let at): .init(text: "left out, for lack of time", at: at)
        case .done(let samples, let at):
            if failed > 0 {
                .init(text: "\(failed) of \(samples.count) failed", isState: true)
            } else {
                .init(text: samples.isEmpty ? "has no samples" : "\(samples.count) passed", at: at)
            }
        }
    }
}

extension Console {
    package static func adapterPath(_ id: String) -> String { "\(SettingsPart.adapters.path)/\(id)" }
    /// Differences of a sample that are shown at most.
    private static let shownDifferences = 20
    /// Letters of a value that are shown at most.
    private static let shownLetters = 200

    /// Every adapter.
    package func adapters(
        _ adapters: [AdapterSettings], isRunning: Bool, parts: Set<SettingsPart>, at now: Instant, _ reader: Reader,
        sections: Set<Section>
    ) -> String {
        let failing = adapters.filter { $0.tests.failed > 0 }.count
        let tested = adapters.contains { if case .done = $0.tests { true } else { false } }
        let rows = adapters.map { adapter in
            Sheet.Row(
                name: adapter.name, path: Self.adapterPath(adapter.id), style: adapter.tests.failed > 0 ? .bad : .plain,
                cells: [
                    .init(text: adapter.id), .init(text: adapter.formats),
                    .init(
                        text: [adapter.hasIn ? "in" : nil, adapter.hasOut ? "out" : nil].compactMap(\.self).joined(
                            separator: " and ")),
                    .init(text: adapter.partners.isEmpty ? "–" : adapter.partners.joined(separator: ", ")),
                    adapter.tests.cell,
                ])
        }
        let state =
            isRunning
            ? "The samples are being run. The page loads itself again until that is over; you may leave it."
            : failing > 0
                ? "\(failing == 1 ? "1 adapter does" : "\(failing) adapters do") not give what the samples expect."
                : tested
                    ? "Every sample that was run gave what it should."
                    : "The samples were not run since this process of the hub was started."
        var tests = Sheet.Block(id: "tests", texts: [state])
        if !isRunning { tests.forms = [.init(path: SettingsPart.adapters.path, button: "Test them all now")] }
        return settings(
            Sheet(
                title: "Adapters", part: .adapters,
                blocks: [
                    tests,
                    .init(
                        id: "list", title: "\(adapters.count.grouped) adapters",
                        table: .init(
                            columns: ["Name", "Id", "Formats", "Ways", "Used by", "Samples"], rows: rows)),
                ],
                help: [
                    "An adapter is a folder of files that says how a partner’s documents are read and how it is written to. Beside them lie samples, made-up documents with what must come of each. To test an adapter runs its samples as hub adapters test does, on the process that serves this page; nothing is stored or sent.",
                    "Adapters have no version number: what tells one state of a file from another is its hash.",
                ]), parts: parts, at: now, reader, sections: sections)
    }

    /// One adapter.
    package func adapter(
        _ adapter: AdapterSettings, parts: Set<SettingsPart>, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        var facts: [Sheet.Fact] = [
            .init(term: "Id", text: adapter.id), .init(term: "Kind", text: Self.words(ofRole: adapter.kind)),
        ]
        facts += adapter.partners.map {
            .init(term: "Used by", text: $0, path: Self.partnerPath($0))
        }
        var about = Sheet.Block(id: "about", facts: facts)
        if adapter.isChanged {
            about.points = [
                .init(
                    style: .odd, state: "Changed:",
                    text:
                        "its files, or those that it shares with others, are not those that were loaded. They are used once the hub is started again."
                )
            ]
        }
        let ways = Sheet.Block(
            id: "ways", title: "Ways in and out",
            table: .init(
                columns: ["For", "Channel", "Format", "File", "SHA-256 begins with"],
                rows: adapter.ways.map { way in
                    .init(
                        name: way.purpose,
                        cells: [
                            .init(text: way.channel), .init(text: way.format), .init(text: way.file),
                            way.digest.cell,
                        ])
                }))
        let files = Sheet.Block(
            id: "files", title: "Other files that it was read from",
            table: .init(
                columns: ["File", "SHA-256 begins with"],
                rows: adapter.others.map { .init(name: $0.file, cells: [$0.digest.cell]) }
                    + [.init(name: "all of codes/ and extensions.yaml", cells: [adapter.shared.cell])]))
        return settings(
            Sheet(
                title: adapter.name, part: .adapters, blocks: [about, ways, files] + Self.samples(adapter),
                help: [
                    "A sample that fails names each place at which the result is not the expected one. Samples are made-up people. Whoever keeps the adapters mends the mapping, or the sample where the mapping is right."
                ]), parts: parts, at: now, reader, sections: sections)
    }

    private static func samples(_ adapter: AdapterSettings) -> [Sheet.Block] {
        var block = Sheet.Block(id: "samples", title: "Samples")
        var failures: [Sheet.Block] = []
        switch adapter.tests {
        case .never: block.texts = ["They were not run since this process of the hub was started."]
        case .running: block.texts = ["They are being run. The page loads itself again until that is over."]
        case .leftOut: block.texts = ["There was no time left to run them: test this adapter by itself."]
        case .done(let samples, let at):
            block.facts = [.init(term: "Tested", text: "", at: at)]
            if samples.isEmpty {
                block.texts = ["It has none."]
            } else {
                block.table = .init(
                    columns: ["Sample", "Outcome"],
                    rows: samples.map { sample in
                        let isPassed = sample.differences.isEmpty
                        return .init(
                            name: sample.file, style: isPassed ? .good : .bad,
                            cells: [.init(text: isPassed ? "passed" : "failed", isState: true)])
                    })
            }
            failures = samples.filter { !$0.differences.isEmpty }.enumerated().map { index, sample in
                let shown = sample.differences.prefix(shownDifferences)
                let rest = sample.differences.count - shown.count
                return Sheet.Block(
                    id: "failure-\(index)", title: "Why \(sample.file) fails",
                    texts: rest > 0 ? ["\(rest.grouped) more differences are not shown."] : [],
                    table: .init(
                        columns: ["Where", "Expected", "Given"],
                        rows: shown.map {
                            .init(
                                name: $0.path.isEmpty ? "all of it" : String($0.path.prefix(shownLetters)),
                                cells: [
                                    .init(text: String($0.expected.prefix(shownLetters))),
                                    .init(text: String($0.got.prefix(shownLetters))),
                                ])
                        }))
            }
        }
        if case .running = adapter.tests {
        } else {
            block.forms = [.init(path: adapterPath(adapter.id), button: "Test it now")]
        }
        return [block] + failures
    }
}

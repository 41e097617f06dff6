package import Referral

/// Runs the samples of adapters: each document must give exactly its expected referral, each release its expected bytes.
package struct SampleRunner: Sendable {
    package init() {}

    /// The results in the order of adapters and files.
    package func run(_ catalogue: AdapterCatalogue) -> [SampleResult] { catalogue.all.flatMap(run) }

    /// The results of one adapter.
    package func run(_ adapter: Adapter) -> [SampleResult] {
        Sample.all(of: adapter, "in").map { inbound($0, adapter) }
            + Sample.all(of: adapter, "out").map { outbound($0, adapter) }
    }

    /// As ``run(_:)-(Adapter)``, and ends in time whatever a mapping does.
    ///
    /// - Parameter budget: What all of it may use. A sample at which it is spent fails, and so does each after it.
    package func run(_ adapter: Adapter, within budget: TrialBudget) -> [SampleResult] {
        TrialBudget.$current.withValue(budget) {
            (Sample.all(of: adapter, "in").map { ($0, inbound) } + Sample.all(of: adapter, "out").map { ($0, outbound) })
                .map { sample, run in
                    var result = run(sample, adapter)
                    if budget.isSpent {
                        result.differences = [.init(path: "", expected: "a result in time", got: "none")]
                    }
                    return result
                }
        }
    }

    /// `12 passed, 0 failed`.
    package static func summary(_ results: [SampleResult]) -> String {
        let failed = results.count { !$0.differences.isEmpty }
        return "\(results.count - failed) passed, \(failed) failed"
    }

    /// What a document gives, as `NAME.expected.json` has it: one line of `hub translate`, or a list of several, without
    /// `index`.
    package static func lines(of bytes: [UInt8], _ adapter: Adapter) -> Value? {
        guard let inbound = way(for: bytes, adapter) else { return nil }
        let translator = Translator(adapter: adapter, inbound: inbound, environment: .test, now: adapter.samplesReadAt)
        let lines = translator.translate(bytes).map { translated in
            var line = translated.line
            line["index"] = nil
            return line
        }
        return lines.count == 1 ? lines[0] : .array(lines)
    }

    private static func way(for bytes: [UInt8], _ adapter: Adapter) -> Inbound? {
        let format = DocumentFormat.guess(bytes)
        let ways = adapter.inbound.filter { $0.format == format }
        let type = format.flatMap { format in
            SourceDocument.first(of: bytes, format).flatMap { SourceDocument.type(of: $0, format) }
        }
        return ways.first { $0.takes(type) } ?? ways.first ?? adapter.inbound.first
    }

    private func inbound(_ sample: Sample, _ adapter: Adapter) -> SampleResult {
        check(sample) { expectedBytes in
            guard let lines = Self.lines(of: sample.bytes, adapter) else {
                return [.init(path: "", expected: "a way in", got: "none in adapter.yaml")]
            }
            let expected: Value
            do throws(DocumentError) {
                expected = try StrictJSON.parse(expectedBytes, byteOrderMark: .allowed)
            } catch {
                return [.init(path: error.path, expected: "JSON", got: error.text)]
            }
            return Comparison.differences(expected, lines)
        }
    }

    private func outbound(_ sample: Sample, _ adapter: Adapter) -> SampleResult {
        check(sample) { expected in
            guard let release = try? StrictJSON.parse(sample.bytes, byteOrderMark: .allowed) else {
                return [.init(path: "", expected: "a release in JSON", got: "something else")]
            }
            guard let outbound = adapter.outbound(forRelease: release) else {
                return [.init(path: "share.purpose", expected: "a purpose of adapter.yaml", got: "another")]
            }
            do throws(RenderError) {
                let rendered = try Renderer(adapter: adapter, outbound: outbound, documents: .outlined).render(
                    release)
                return Comparison.differences(expected: expected, got: rendered.bytes)
            } catch {
                return error.findings.map { .init(path: $0.path, expected: "a rendering", got: $0.text) }
            }
        }
    }

    private func check(_ sample: Sample, _ compare: ([UInt8]) -> [SampleResult.Difference]) -> SampleResult {
        guard let expectedFile = sample.expectedFile else {
            let missing = SampleResult.Difference(path: "", expected: "a file NAME.expected.*", got: "none")
            return SampleResult(file: sample.file, expectedFile: sample.file, differences: [missing])
        }
        return SampleResult(file: sample.file, expectedFile: expectedFile, differences: compare(sample.expected))
    }
}

/// What became of one sample.
package struct SampleResult: Sendable, Hashable, CustomStringConvertible {
    /// The sample, below the adapters folder.
    package var file: String
    /// What it was compared with.
    package var expectedFile: String
    /// Empty when it passed.
    package var differences: [Difference]

    /// One place in which the result is not the expected one.
    package struct Difference: Sendable, Hashable {
        /// In the result, such as `referral.person.dob` or `line 3`.
        package var path: String
        package var expected: String
        package var got: String
    }

    /// `uhdb/samples/in/a.expected.json: referral.person.dob: expected "1950-01-02", got nothing`, a line for each difference.
    package var description: String {
        if differences.isEmpty { return "\(file): passed" }
        return differences.map { "\(expectedFile): \($0.path): expected \($0.expected), got \($0.got)" }
            .joined(separator: "\n")
    }
}

/// Compares results with what they should be.
enum Comparison {
    /// Every path at which two trees differ. A finding that is expected without a text may have any.
    static func differences(_ expected: Value, _ got: Value, at path: String = "") -> [SampleResult.Difference] {
        switch (expected, got) {
        case (.object(let left), .object(var right)):
            if left["code"] != nil, left["path"] != nil, left["text"] == nil { right["text"] = nil }
            let keys = left.keys + right.keys.filter { left[$0] == nil }
            return keys.flatMap { key in
                let place = path.isEmpty ? key : "\(path).\(key)"
                return differences(left[key] ?? .null, right[key] ?? .null, at: place)
            }
        case (.array(let left), .array(let right)):
            return (0..<max(left.count, right.count)).flatMap { index in
                differences(
                    index < left.count ? left[index] : .null, index < right.count ? right[index] : .null,
                    at: "\(path)[\(index)]")
            }
        default:
            // An absent list of findings is an empty one.
            if expected.isEmpty && got.isEmpty || expected == got { return [] }
            return [.init(path: path, expected: text(expected), got: text(got))]
        }
    }

    /// The first line at which two texts differ.
    static func differences(expected: [UInt8], got: [UInt8]) -> [SampleResult.Difference] {
        guard expected != got else { return [] }
        func lines(_ bytes: [UInt8]) -> [String] {
            bytes.split(omittingEmptySubsequences: false) { $0 == 0x0A || $0 == 0x0D }.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        let (left, right) = (lines(expected), lines(got))
        let index = (0..<min(left.count, right.count)).first { left[$0] != right[$0] } ?? min(left.count, right.count)
        func line(_ lines: [String]) -> String { index < lines.count ? "\"\(lines[index])\"" : "the end" }
        let differ = line(left) != line(right)
        return [
            .init(path: "line \(index + 1)", expected: line(left), got: differ ? line(right) : "other line ends")
        ]
    }

    private static func text(_ value: Value) -> String {
        value.isNull ? "nothing" : String(decoding: StrictJSON.write(value), as: UTF8.self)
    }
}

/// A document or a release beside the result that it must give.
package struct Sample {
    /// Paths below the adapters folder.
    package let file: String
    /// Nil when there is no `NAME.expected.*`.
    let expectedFile: String?
    package let bytes: [UInt8]
    let expected: [UInt8]

    /// The samples of an adapter in a direction, `in` or `out`, in alphabetical order.
    package static func all(of adapter: Adapter, _ direction: String) -> [Sample] {
        let folder = "samples/\(direction)"
        let names = AdapterFiles.names(in: "\(adapter.folder)/\(folder)")
        return names.filter { !$0.contains(".expected.") }.map { name in
            let stem = name.split(separator: ".").dropLast().joined(separator: ".")
            let expected = names.first { $0.hasPrefix("\(stem).expected.") }
            func read(_ name: String) -> [UInt8] { AdapterFiles.bytes("\(adapter.folder)/\(folder)/\(name)") ?? [] }
            return Sample(
                file: "\(adapter.id)/\(folder)/\(name)", expectedFile: expected.map { "\(adapter.id)/\(folder)/\($0)" },
                bytes: read(name), expected: expected.map(read) ?? [])
        }
    }
}

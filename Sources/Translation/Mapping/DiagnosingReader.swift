import Yams

/// Reads a definition and notes every mistake with its place and remedy, so that none stops the rest.
protocol DiagnosingReader {
    var file: DefinitionFile { get }
    var diagnostics: [AdapterDiagnostic] { get set }
}

extension DiagnosingReader {
    mutating func note(_ node: Node?, _ key: String, _ problem: String, _ remedy: String = "") {
        diagnostics.append(file.diagnostic(node ?? file.root, key, problem, remedy))
    }

    /// Notes keys that mean nothing here.
    mutating func known(_ node: Node, _ path: String, _ keys: [String]) {
        guard case .mapping = node else {
            note(node, path, "a mapping is expected", "write 'key: value' lines")
            return
        }
        for (key, _, keyNode) in node.members where !keys.contains(key) {
            note(
                keyNode, path.isEmpty ? key : "\(path).\(key)", "no such key", Suggestion.remedy(for: key, among: keys))
        }
    }

    /// A text that must be given.
    mutating func text(_ node: Node, _ key: String, _ path: String) -> String? {
        let name = path.isEmpty ? key : "\(path).\(key)"
        guard let value = node.member(key)?.scalarText, !value.isEmpty else {
            note(node.member(key) ?? node, name, "it is missing", "add '\(key): …'")
            return nil
        }
        return value
    }
}

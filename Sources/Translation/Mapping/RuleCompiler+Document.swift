import Yams

extension RuleCompiler {
    /// Notes what a shape of the format `pdf` has that no document can hold.
    mutating func checkDocument() {
        guard check(file.root, "", ["title", "reference", "marking", "numbered", "index", "sections"]) else { return }
        for key in ["title", "reference", "sections"] where file.root.member(key) == nil {
            note(file.root, key, "it is missing", "add '\(key): …'")
        }
        checkSections(file.root.member("sections"))
    }

    private mutating func checkSections(_ node: Node?) {
        guard let node else { return }
        if case .sequence(let sections) = node {
            for section in sections { checkSections(section) }
            return
        }
        let path = "sections"
        guard check(node, path, ["heading", "rows", "paragraphs", "list", "table", "each", "when"]) else { return }
        for key in ["rows", "table"] {
            guard let value = node.member(key) else { continue }
            let blocks = if case .sequence(let sequence) = value { Array(sequence) } else { [value] }
            for block in blocks where block.members.isEmpty {
                let form = key == "rows" ? "{ Label: expression }" : "{ each: …, Column: expression }"
                note(block, "\(path).\(key)", "a mapping is expected", "write \(form)")
            }
        }
        for key in ["heading", "paragraphs", "list"] {
            guard let value = node.member(key), value.member("each") == nil, case .mapping = value else { continue }
            note(value, "\(path).\(key)", "a text is expected", "give an expression, or a list of them")
        }
    }

    /// Notes keys that mean nothing here; false when the node has no keys.
    private mutating func check(_ node: Node, _ path: String, _ keys: [String]) -> Bool {
        guard case .mapping = node else {
            note(node, path, "a mapping is expected", "write 'key: value' lines")
            return false
        }
        for (key, _, keyNode) in node.members where !keys.contains(key) {
            let remedy = Suggestion.remedy(for: key, among: keys)
            note(keyNode, path.isEmpty ? key : "\(path).\(key)", "no such key", remedy)
        }
        return true
    }
}

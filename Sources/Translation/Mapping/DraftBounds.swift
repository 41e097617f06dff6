import Yams

/// What a draft must keep to before it is parsed and compiled. It comes from a page: what would take the process with it, or an
/// hour, is refused where a file of the adapters folder would be its keeper's own business.
enum DraftBounds {
    /// In bytes; the longest mapping there is has a fifteenth of that.
    static let longest = 64 << 10
    /// Levels of brackets, of indentation, and of both together.
    static let deepest = 50
    /// Brackets, braces and list entries in all: so deep at most does the parser of YAML call itself, whatever quotes and comments
    /// hide from the count of levels.
    static let mostOpenings = 500

    /// Why a text is not even parsed; nil where it may be.
    static func mistake(in text: String, of file: String) -> AdapterDiagnostic? {
        guard text.utf8.count <= longest else {
            return AdapterDiagnostic(
                file: file, line: 0, problem: "it is longer than \(longest >> 10) KiB",
                remedy: "leave out what is not needed")
        }
        let bytes = Array(text.utf8)
        return reference(in: bytes, of: file) ?? openings(in: bytes, of: file) ?? indentation(of: text, file)
    }

    /// Why what was parsed is not compiled; nil where it may be.
    static func mistake(in file: DefinitionFile) -> AdapterDiagnostic? {
        isDeeper(file.root, than: deepest) ? tooDeep(file.name, 0) : nil
    }

    /// An anchor or an alias of YAML: a few lines of them stand for billions of nodes. Quotes are not looked at, and what stands
    /// within a word is neither.
    private static func reference(in bytes: [UInt8], of file: String) -> AdapterDiagnostic? {
        var line = 1
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\n") { line += 1 }
            guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"), index + 1 < bytes.count else { continue }
            let (before, after) = (index > 0 ? bytes[index - 1] : UInt8(ascii: " "), bytes[index + 1])
            guard isOfName(after) || after == UInt8(ascii: "-") || after >= 0x80, !isOfName(before) else { continue }
            return AdapterDiagnostic(
                file: file, line: line, problem: "'&' or '*' before a name is an anchor or an alias of YAML",
                remedy: "write out what it stands for")
        }
        return nil
    }

    private static func openings(in bytes: [UInt8], of file: String) -> AdapterDiagnostic? {
        var (line, depth, all) = (1, 0, 0)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"): line += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                all += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
            case UInt8(ascii: "-"), UInt8(ascii: "?"):
                if index + 1 == bytes.count || " \t\r\n".utf8.contains(bytes[index + 1]) { all += 1 }
            default: break
            }
            if depth > deepest { return tooDeep(file, line) }
            if all > mostOpenings {
                return AdapterDiagnostic(
                    file: file, line: line,
                    problem: "it has more than \(mostOpenings) brackets, braces and list entries",
                    remedy: "leave out what is not needed")
            }
        }
        return nil
    }

    private static func indentation(of text: String, _ file: String) -> AdapterDiagnostic? {
        var levels: [Int] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let indent = line.utf8.prefix { $0 == UInt8(ascii: " ") }.count
            guard indent < line.utf8.count else { continue }
            while let last = levels.last, last >= indent { levels.removeLast() }
            levels.append(indent)
            if levels.count > deepest { return tooDeep(file, index + 1) }
        }
        return nil
    }

    private static func isDeeper(_ node: Node, than levels: Int) -> Bool {
        guard levels > 0 else { return true }
        return switch node {
        case .scalar, .alias: false
        case .sequence(let sequence): sequence.contains { isDeeper($0, than: levels - 1) }
        case .mapping(let mapping):
            mapping.contains { isDeeper($0.key, than: levels - 1) || isDeeper($0.value, than: levels - 1) }
        }
    }

    private static func tooDeep(_ file: String, _ line: Int) -> AdapterDiagnostic {
        AdapterDiagnostic(
            file: file, line: line, problem: "it is nested too deeply", remedy: "use \(deepest) levels at most")
    }

    /// An ASCII letter, digit or underscore.
    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

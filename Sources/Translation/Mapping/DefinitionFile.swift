import FoundationEssentials
import Referral
import Synchronization
import Yams

/// A YAML file of an adapter, read with the line of every key and value.
struct DefinitionFile {
    /// Path below the adapters folder, for diagnostics.
    let name: String
    let root: Node

    /// Reads a file; a mistake in its YAML, or that it is missing, goes to the diagnostics and gives nil.
    static func read(_ name: String, in folder: String, _ diagnostics: inout [AdapterDiagnostic]) -> DefinitionFile? {
        guard let bytes = AdapterFiles.bytes("\(folder)/\(name)") else {
            diagnostics.append(
                AdapterDiagnostic(file: name, line: 0, problem: "the file cannot be read", remedy: "put it there"))
            return nil
        }
        return parse(String(decoding: bytes, as: UTF8.self), name: name, &diagnostics)
    }

    /// Reads YAML text.
    static func parse(_ text: String, name: String, _ diagnostics: inout [AdapterDiagnostic]) -> DefinitionFile? {
        do {
            guard let root = try compose(yaml: text) else {
                diagnostics.append(AdapterDiagnostic(file: name, line: 0, problem: "the file is empty"))
                return nil
            }
            return DefinitionFile(name: name, root: root)
        } catch let error as YamlError {
            diagnostics.append(error.diagnostic(in: name, text))
        } catch {
            diagnostics.append(AdapterDiagnostic(file: name, line: 0, problem: "the file is not YAML"))
        }
        return nil
    }

    /// A diagnostic at a node of this file.
    func diagnostic(_ node: Node?, _ key: String, _ problem: String, _ remedy: String = "") -> AdapterDiagnostic {
        AdapterDiagnostic(file: name, line: node?.mark?.line ?? 1, key: key, problem: problem, remedy: remedy)
    }

    /// A diagnostic for a mistake in a text of this file.
    func diagnostic(_ node: Node?, _ key: String, _ problem: SyntaxProblem) -> AdapterDiagnostic {
        diagnostic(node, key, problem.problem, problem.remedy)
    }
}

extension YamlError {
    fileprivate func diagnostic(in file: String, _ text: String) -> AdapterDiagnostic {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let remedy =
                problem.contains("mapping values")
                ? "write '=' in code tables, or put the whole expression in quotes" : ""
            return AdapterDiagnostic(file: file, line: mark.line, problem: problem, remedy: remedy)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let key = duplicates.first ?? ""
            // The error tells where the mapping begins; the key's second line is of more use.
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().filter {
                $0.offset + 1 >= context.mark.line && String($0.element).trimmed.hasPrefix("\(key):")
            }
            return AdapterDiagnostic(
                file: file, line: lines.dropFirst().first.map { $0.offset + 1 } ?? context.mark.line, key: key,
                problem: "the key is there twice", remedy: "keep one of the two")
        default:
            return AdapterDiagnostic(file: file, line: 0, problem: "the file is not YAML")
        }
    }
}

extension Node {
    /// The pairs of a mapping with the keys as text, in order; empty for anything else.
    var members: [(key: String, node: Node, keyNode: Node)] {
        guard case .mapping(let mapping) = self else { return [] }
        return mapping.map { ($0.key.scalarText ?? "", $0.value, $0.key) }
    }

    /// The text of a scalar as it was written, whatever YAML would take it for; nil for anything else.
    var scalarText: String? {
        if case .scalar(let scalar) = self { scalar.string } else { nil }
    }

    /// The value of a key of a mapping.
    func member(_ key: String) -> Node? { members.first { $0.key == key }?.node }

    /// A scalar as a list of one, a sequence of scalars as their texts; nil for anything else.
    var texts: [String]? {
        switch self {
        case .scalar(let scalar): return scalar.string.isEmpty ? [] : [scalar.string]
        case .sequence(let sequence):
            let texts = sequence.compactMap(\.scalarText)
            return texts.count == sequence.count ? texts : nil
        default: return nil
        }
    }
}

/// Reads the adapters folder.
enum AdapterFiles {
    /// What stands in the place of one file.
    struct Draft: Sendable {
        var path: String
        var bytes: [UInt8]
    }

    /// The draft that is read now; see ``Adapter/drafted(_:as:)``.
    @TaskLocal static var draft: Draft?

    /// Which files were asked for.
    final class Readings: Sendable {
        private let paths = Mutex<Set<String>>([])

        fileprivate func note(_ path: String) { paths.withLock { _ = $0.insert(path) } }

        /// By their paths below a folder.
        func below(_ folder: String) -> Set<String> {
            let start = folder + "/"
            return Set(paths.withLock(\.self).filter { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) })
        }
    }

    /// What notes each file that is read now; nil where nobody asks.
    @TaskLocal static var readings: Readings?

    /// The bytes of a file; nil when it cannot be read.
    static func bytes(_ path: String) -> [UInt8]? {
        readings?.note(path)
        if let draft, draft.path == path { return draft.bytes }
        return FileManager.default.contents(atPath: path).map { [UInt8]($0) }
    }

    /// The names in a folder in alphabetical order, without hidden ones; empty when there is no folder.
    static func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// Whether a folder is there.
    static func isFolder(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
    }
}

import Referral

/// What every adapter may name: the code tables in `adapters/codes/`, and the groups of extensions in `adapters/extensions.yaml`.
struct SharedDefinitions: Sendable {
    /// By the file's name without `.yaml`.
    var tables: [String: CodeTable] = [:]
    var extensions = ExtensionGroups()

    /// The folder of the code tables.
    static let codes = "codes"

    /// Reads what is there; an adapters folder without either is no mistake.
    init(_ folder: String, _ diagnostics: inout [AdapterDiagnostic]) {
        for name in AdapterFiles.names(in: "\(folder)/\(Self.codes)") where name.hasSuffix(".yaml") {
            guard let file = DefinitionFile.read("\(Self.codes)/\(name)", in: folder, &diagnostics) else { continue }
            do throws(SyntaxProblem) {
                tables[String(name.dropLast(5))] = try CodeTable(file.root)
            } catch {
                diagnostics.append(file.diagnostic(file.root, "", error))
            }
        }
        guard AdapterFiles.bytes("\(folder)/extensions.yaml") != nil,
            let file = DefinitionFile.read("extensions.yaml", in: folder, &diagnostics)
        else { return }
        var declared: [String: FieldGroup] = [:]
        for (name, node, _) in file.root.members {
            if let group = FieldGroup(rawValue: node.scalarText ?? "") {
                declared[name] = group
            } else {
                let known = FieldGroup.allCases.map(\.rawValue)
                let remedy = Suggestion.remedy(for: node.scalarText ?? "", among: known)
                diagnostics.append(file.diagnostic(node, name, "no such field group", remedy))
            }
        }
        extensions = ExtensionGroups(declared: declared)
    }
}

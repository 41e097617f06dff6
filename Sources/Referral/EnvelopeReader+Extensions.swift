extension EnvelopeReader {
    /// The hub's own records may hold more: they gather what several messages told.
    private var mostExtensions: Int { carrier == nil ? .max : 200 }
    private static let deepest = 32

    /// The leaves of `extensions` and of the standard extras, each under its dotted name with its group, ordered by name: not
    /// every reader keeps the order of keys.
    func extensions() -> [Extension] {
        var members = top.child("extensions")?.object ?? Object()
        for (key, value) in top.object where Extension.standardGroups[key] != nil && !value.isEmpty {
            _ = members.insert(value, for: key)
        }
        var leaves: [Extension] = []
        var names: Set<String> = []
        collect(members, under: [], into: &leaves, names: &names)
        return leaves.sorted { $0.name < $1.name }
    }

    private func collect(
        _ members: Object, under path: [String], into leaves: inout [Extension], names: inout Set<String>
    ) {
        for (key, value) in members where !value.isEmpty {
            // A point would make two names of one.
            let key = String(key.tidy.map { $0 == "." ? "_" : $0 }.prefix(100))
            if key.isEmpty { continue }
            let path = path + [key]
            let name = path.joined(separator: ".")
            guard leaves.count < mostExtensions, path.count < Self.deepest, value.isShallower(than: Self.deepest)
            else {
                top.findings.warn(.tooLarge, at: "extensions", "too many entries, or too deep; the rest is left out")
                return
            }
            if case .object(let members) = value {
                collect(members, under: path, into: &leaves, names: &names)
            } else if names.insert(name).inserted {
                leaves.append(Extension(name: name, group: group(of: path), value: value))
            }
        }
    }

    /// The group of the longest name that is listed; free text when none is.
    private func group(of path: [String]) -> FieldGroup {
        for length in stride(from: path.count, to: 0, by: -1) {
            let name = path.prefix(length).joined(separator: ".")
            if carrier == nil {
                let stored = top.object["extension_groups"]?[name]?.stringValue
                if let group = stored.flatMap(FieldGroup.init(rawValue:)) { return group }
            } else if let group = groups[name] ?? Extension.standardGroups[name] {
                return group
            }
        }
        return .notes
    }
}

extension Value {
    /// Whether nothing in it is nested deeper than the limit. Looks no deeper than that itself.
    fileprivate func isShallower(than limit: Int) -> Bool {
        guard limit > 0 else { return false }
        return switch self {
        case .array(let elements): elements.allSatisfy { $0.isShallower(than: limit - 1) }
        case .object(let object): object.values.allSatisfy { $0.isShallower(than: limit - 1) }
        case .null, .bool, .number, .string: true
        }
    }
}

/// One mistake in an adapter's files: where it is, what is wrong, and what to write instead.
///
/// Reading an adapter never stops at the first mistake: `AdapterCatalogue.load` returns them all, ordered by file and line.
package struct AdapterDiagnostic: Sendable, Hashable, CustomStringConvertible {
    /// Path below the adapters folder, such as `uhdb/referral.map.yaml`.
    package var file: String
    /// Line in the file, from 1; 0 when the mistake is the file itself (missing, unreadable).
    package var line: Int
    /// The key whose value is wrong, such as `person.family`; empty when no key is concerned.
    package var key: String
    /// What is wrong, in one clause.
    package var problem: String
    /// What to do about it, in one clause; empty when the problem says it all.
    package var remedy: String

    package init(file: String, line: Int, key: String = "", problem: String, remedy: String = "") {
        self.file = file
        self.line = line
        self.key = key
        self.problem = problem
        self.remedy = remedy
    }

    /// `uhdb/referral.map.yaml:12: person.famly: no such field; did you mean 'person.family'?`
    package var description: String {
        let place = line > 0 ? "\(file):\(line)" : file
        return [place, key, remedy.isEmpty ? problem : "\(problem); \(remedy)"].filter { !$0.isEmpty }
            .joined(separator: ": ")
    }
}

/// A mistake in a piece of an adapter's text, before it is known which file, line and key the text belongs to.
struct SyntaxProblem: Error {
    var problem: String
    var remedy = ""
}

extension AdapterDiagnostic: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.file, left.line, left.key, left.problem) < (right.file, right.line, right.key, right.problem)
    }
}

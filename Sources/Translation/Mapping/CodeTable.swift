import Referral

/// A list that turns a partner's codes into the hub's, or the hub's into a partner's.
///
/// Codes are compared without regard to case and surrounding spaces. `*` stands for every code that is not listed.
/// The meaning `nothing` leaves the value out without a finding.
struct CodeTable: Sendable, Hashable {
    /// One line of the list.
    struct Entry: Sendable, Hashable {
        var code: String
        var meaning: String
    }

    /// What a code turned into.
    enum Answer: Hashable {
        case meaning(String)
        case nothing
        case unknown
    }

    private let meanings: [String: String]

    /// A table of the entries. Throws when a code is listed twice, or when nothing is listed.
    init(_ entries: [Entry]) throws(SyntaxProblem) {
        var meanings: [String: String] = [:]
        for entry in entries {
            guard meanings.updateValue(entry.meaning, forKey: Self.fold(entry.code)) == nil else {
                throw SyntaxProblem(problem: "the code '\(entry.code)' is listed twice", remedy: "keep one of the two")
            }
        }
        guard !meanings.isEmpty else {
            throw SyntaxProblem(problem: "the code table is empty", remedy: "write { code = meaning, … }")
        }
        self.meanings = meanings
    }

    /// Every meaning that the table can give, without `nothing`.
    var possible: Set<String> { Set(meanings.values.filter { $0 != "nothing" }) }

    /// The meaning of a code.
    func answer(for code: String) -> Answer {
        switch meanings[code] ?? meanings[Self.fold(code)] ?? meanings["*"] {
        case nil: .unknown
        case "nothing": .nothing
        case let meaning?: .meaning(meaning)
        }
    }

    private static func fold(_ code: String) -> String { code.lowercased().trimmed }
}

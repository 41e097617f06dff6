import Referral
import Yams

/// A file of rules: one version of the policy's matrix, ceilings and register, in YAML. It is taken whole or not at all.
package struct PolicyFile: Sendable {
    package let rules: PolicyRules

    /// Reads and checks a file; pure, whoever calls it has read the bytes.
    ///
    /// - Parameter name: What the file is called in problems.
    /// - Throws: every problem, each with its line.
    package init(_ bytes: [UInt8], name: String) throws(PolicyFileError) {
        let root: Node
        do {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw PolicyFileError(file: name, problem: .init(line: nil, key: "file", text: "is not UTF-8"))
            }
            guard let node = try Yams.compose(yaml: text) else {
                throw PolicyFileError(file: name, problem: .init(line: nil, key: "file", text: "is empty"))
            }
            root = node
        } catch let error as PolicyFileError {
            throw error
        } catch {
            throw PolicyFileError(file: name, problem: Self.problem(error))
        }
        var reader = PolicyFileReader()
        let rules = reader.rules(root)
        guard reader.problems.isEmpty, let rules else {
            throw PolicyFileError(file: name, problems: reader.problems)
        }
        self.rules = rules
    }

    private static func problem(_ error: any Error) -> PolicyFileError.Problem {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            .init(line: mark.line, key: "file", text: "is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            .init(
                line: context.mark.line, key: keys.sorted().joined(separator: ", "),
                text: "stands twice in one mapping")
        default: .init(line: nil, key: "file", text: "is not YAML")
        }
    }
}

/// Why a file of rules is not taken.
package struct PolicyFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One thing that is wrong, and where.
    package struct Problem: Sendable, Hashable {
        package let line: Int?
        /// Where it stands in the file, as `matrix[3].groups`.
        package let key: String
        package let text: String
    }

    package let file: String
    /// In the order of the file; never empty.
    package let problems: [Problem]

    package init(file: String, problems: [Problem]) {
        self.file = file
        self.problems = problems.sorted { ($0.line ?? 0, $0.key, $0.text) < ($1.line ?? 0, $1.key, $1.text) }
    }

    package init(file: String, problem: Problem) { self.init(file: file, problems: [problem]) }

    /// A line for each problem, such as `notice-2.yaml:41: matrix[3].groups: names PHONE, which is no field group`.
    package var lines: [String] {
        problems.map { problem in
            let place = problem.line.map { "\(file):\($0)" } ?? file
            return "\(place): \(problem.key): \(problem.text)"
        }
    }

    package var description: String { lines.joined(separator: "\n") }
}

extension PolicyRules {
    /// The text of the rules derived from version 1 of the council's privacy notice, as a file.
    package static let noticeFile = PackageResources.notice_1_yaml

    /// The rules derived from version 1 of the council's privacy notice for Local Area Co-ordination.
    package static let notice: PolicyRules = {
        do {
            return try PolicyFile(noticeFile, name: "notice-1.yaml").rules
        } catch {
            // The file is compiled in, and a test reads it: this cannot be met by anybody who runs a tested hub.
            preconditionFailure("the rules that the hub is built with do not hold:\n\(error)")
        }
    }()
}

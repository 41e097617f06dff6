import Channels
import Crypto
package import Disclosure
import Foundation

/// The disclosure rules in force, and those of other versions that lie beside them, by which earlier decisions can be taken
/// again. Those that the hub is built with are always among them.
package struct PolicyShelf: Sendable {
    /// What the running hub judges by.
    package let inForce: PolicyRules
    private let versions: [String: PolicyRules]
    /// SHA-256 of the bytes that each was read from, in hexadecimal.
    private let digests: [String: String]

    /// Reads the file in force and every other `.yaml` file of its folder; without a file, those the hub is built with.
    ///
    /// - Throws: everything that is wrong with any of them.
    package static func load(_ file: String?) throws(PolicyShelfError) -> PolicyShelf {
        let notice = PolicyRules.notice.version
        var digests = [notice: digest(PolicyRules.noticeFile)]
        guard let file else { return PolicyShelf(inForce: .notice, versions: [notice: .notice], digests: digests) }
        var lines: [String] = []
        var versions = [PolicyRules.notice.version: (PolicyRules.notice, "the hub's own")]
        func read(_ path: String) -> PolicyRules? {
            do {
                let bytes = try LocalFile.read(path, limit: 1 << 20)
                let rules = try PolicyFile(bytes, name: path).rules
                if let (other, place) = versions[rules.version], other != rules {
                    lines.append("\(path): version: \(rules.version) is also that of other rules: \(place)")
                }
                versions[rules.version] = (rules, path)
                digests[rules.version] = digest(bytes)
                return rules
            } catch let error as PolicyFileError {
                lines += error.lines
            } catch {
                lines.append("\(path): file: cannot be read: \(error)")
            }
            return nil
        }
        let rules = read(file)
        let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names.sorted() where name.hasSuffix(".yaml") && "\(folder)/\(name)" != file {
            _ = read("\(folder)/\(name)")
        }
        guard let rules, lines.isEmpty else { throw PolicyShelfError(lines: lines) }
        return PolicyShelf(inForce: rules, versions: versions.mapValues(\.0), digests: digests)
    }

    private static func digest(_ bytes: [UInt8]) -> String { Hexadecimal.text(SHA256.hash(data: bytes)) }

    /// The rules of a version; nil when no file has them.
    package subscript(version: String) -> PolicyRules? { versions[version] }

    /// SHA-256 of the file of a version, in hexadecimal; nil when no file has it.
    package func digest(of version: String) -> String? { digests[version] }

    /// The versions there are, in their order.
    package var all: [PolicyRules] { versions.values.sorted { $0.version < $1.version } }
}

/// Why the disclosure rules are not taken, a line for each problem with file and line.
package struct PolicyShelfError: Error, Sendable, CustomStringConvertible {
    package let lines: [String]

    package var description: String { lines.joined(separator: "\n") }
}

extension PolicyRules {
    /// These rules as far as the hub serves shares: with the purposes that rest on the person's consent, those that rest on
    /// a law and a named person's approval, and those towards the person. The others need incidents, or are extracts: they
    /// are refused by code.
    package var serving: PolicyRules {
        var rules = self
        rules.enabledPurposes.formIntersection([
            .careSupport, .supportReferral, .benefitsSupport, .housingSupport, .safeguarding, .fraudPrevention,
            .legalStatutory, .nfi, .subjectRights, .subjectNotice,
        ])
        return rules
    }
}

import FoundationEssentials

/// Writes the files of a new adapter: a voluntary-sector partner that sends a spreadsheet, which is what most new partners
/// are, with a sample that passes.
package enum AdapterSkeleton {
    /// Why nothing was written.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Writes `<folder>/<id>/` and returns the paths of its files below the folder.
    ///
    /// - Throws: ``Failure`` when the id is not one, when the folder of that name is there already, or when it cannot be
    ///   written.
    @discardableResult
    package static func write(id: String, to folder: String) throws(Failure) -> [String] {
        let isID =
            (2...40).contains(id.count) && id.allSatisfy { $0.isASCIIDigit || $0 == "_" || ("a"..."z").contains($0) }
        guard isID else {
            throw Failure(description: "'\(id)' is not an id: use 2 to 40 lower-case letters, digits and '_'")
        }
        guard !FileManager.default.fileExists(atPath: "\(folder)/\(id)") else {
            throw Failure(description: "\(folder)/\(id) is there already: choose another id, or edit what is there")
        }
        let files = files(id)
        do {
            for (name, text) in files {
                let path = "\(folder)/\(id)/\(name)"
                let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                    separator: "/")
                try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
                guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
                    throw Failure(description: "\(path) cannot be written: check the folder's owner and rights")
                }
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(description: "\(folder)/\(id) cannot be written: check the folder's owner and rights")
        }
        return files.map { "\(id)/\($0.name)" }
    }

    private static func files(_ id: String) -> [(name: String, text: String)] {
        [
            ("README.md", readme(id)), ("adapter.yaml", definition(id)), ("referral.map.yaml", mapping),
            ("samples/in/referral.csv", sample), ("samples/in/referral.expected.json", expected(id)),
        ]
    }

    private static func readme(_ id: String) -> String {
        """
        # \(id)

        Who the partner is, who there answers questions, and what it sends: one row for each person, by portal or SFTP.

        Try it: `hub adapters test`, `hub translate --adapter \(id) FILE`. The language of `referral.map.yaml` is described
        in `adapters/README.md`.

        """
    }

    private static func definition(_ id: String) -> String {
        """
        id: \(id)
        name: \(id.split(separator: "_").map { $0.capitalized }.joined(separator: " "))
        kind: voluntary
        inbound:
          - channel: portal
            format: csv
            mapping: referral.map.yaml
            limits: { bytes: 5 MiB, rows: 5000 }

        """
    }

    private static let mapping = """
        # Column headings are compared without regard to case, spaces and punctuation.
        columns:
          surname: [last name, family name]
          forename: [first name, given name]
          dob: [date of birth, birth date]

        type:            always referral
        source_code:     always 8
        source_kind:     always voluntary
        person:
          given:         forename | title
          family:        surname | title
          dob:           dob | date
          phone:         phone or mobile | phone?
        address:
          lines:         address | split commas
          postcode:      postcode
        reason:          reason
        needs:           needs | split ';' | lower
        referrer:
          name:          worker
          organisation:  organisation

        """

    private static let sample = """
        First name,Surname,D.O.B.,Phone,Address,Postcode,Reason,Needs,Worker,Organisation\r
        Test,EXAMPLE,02/01/1950,01632 960123,"1 Example Street, Derby",DE1 2FS,Lonely since a move,isolation;transport,\
        Una Worker,Example Charity\r

        """

    private static func expected(_ id: String) -> String {
        """
        {
          "status": "accepted",
          "referral": {
            "sender": "\(id)",
            "type": "referral",
            "marking": "OFFICIAL-SENSITIVE",
            "person": { "given": "Test", "family": "Example", "dob": "1950-01-02", "phone": ["+441632960123"] },
            "address": { "lines": ["1 Example Street", "Derby"], "postcode": "DE1 2FS" },
            "reason": "Lonely since a move",
            "needs": ["isolation", "transport"],
            "referrer": { "name": "Una Worker", "organisation": "Example Charity" },
            "source_code": "8",
            "source_kind": "voluntary"
          }
        }

        """
    }
}

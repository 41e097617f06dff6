import Foundation
import Referral
import Testing
import Translation

/// Genuine documents published by those who exchange them, read from the folder that `HUB_SAMPLES` names.
@Suite(.enabled(if: SampleDocuments.folder != nil, "HUB_SAMPLES names no folder of sample documents, so none is read"))
struct SampleDocumentsTests {
    @Test(arguments: SampleDocuments.messages)
    func `the person of an HL7 v2 sample is read as by position`(file: String) throws {
        let bytes = try SampleDocuments.read(file)
        let messages = HL7Message.split(bytes).compactMap { try? HL7Message.parse($0) }
        let expected = Positions.people(in: bytes)
        #expect(messages.count == expected.count)
        for (message, person) in zip(messages, expected) {
            #expect(message.first("MSH-9.1") == person.type)
            #expect(message.first("MSH-10") == person.id)
            guard let family = person.family else { continue }
            #expect(message.first("PID-5.1") ?? "" == family)
            #expect(message.first("PID-5.2") ?? "" == person.given)
            #expect(message.first("PID-7") ?? "" == person.birthDate)
            #expect(message.pieces("PID-3").map { $0.component(1).text } == person.identifiers)
        }
    }

    @Test(arguments: SampleDocuments.messages)
    func `an HL7 v2 sample is answered as it can be read`(file: String) throws {
        let message = try? HL7Message.parse(HL7Message.split(SampleDocuments.read(file))[0])
        #expect((message == nil) == file.contains("missing-msh"))
        let answer = HL7Acknowledgement(message == nil ? .error : .accept, messageID: "1", time: "2").bytes(
            answering: message)
        #expect(try HL7Message.parse(answer).first("MSA-2") == message?.first("MSH-10"))
    }

    @Test(arguments: SampleDocuments.files("json"))
    func `a JSON sample is read, one with a member twice refused`(file: String) throws {
        let bytes = try SampleDocuments.read(file)
        guard !file.hasSuffix("core-person-record-response.json") else {
            #expect(throws: DocumentError.self) { try StrictJSON.parse(bytes) }
            return
        }
        let value = try StrictJSON.parse(bytes, byteOrderMark: .allowed)
        #expect(try StrictJSON.parse(StrictJSON.write(value, pretty: true)) == value)
    }

    @Test(arguments: SampleDocuments.files("xml", "cap", "edxlde", "xsd"))
    func `an XML sample is read and survives writing`(file: String) throws {
        let root = try XMLDocument.parse(SampleDocuments.read(file))
        #expect(try XMLDocument.parse(XMLWriter.write(root)) == root)
    }

    @Test(arguments: SampleDocuments.files("csv"))
    func `a CSV sample is read row by row`(file: String) throws {
        let table = try CSVTable.parse(SampleDocuments.read(file))
        #expect(table.header.count > 1)
        #expect(table.rows.contains { $0.problem == nil })
    }

    @Test func `the peek at the published referral shows its message`() throws {
        let peek = try Peek.look(
            SampleDocuments.read("nhs/bars/process-message-servicerequest-request.json"), format: .fhir)
        #expect(peek.type == "servicerequest-request")
        #expect(peek.repeatID == "86e3371d-1c15-4862-9552-d9560f8292ba 2022-06-01T15:00:00+00:00")
        #expect(peek.sender != nil)
    }
}

enum SampleDocuments {
    static let folder = ProcessInfo.processInfo.environment["HUB_SAMPLES"].map { URL(filePath: $0) }

    static func read(_ file: String) throws -> [UInt8] {
        Array(try Data(contentsOf: try #require(folder).appending(path: file)))
    }

    /// Paths below the folder of all files with one of the endings, in order.
    static func files(_ endings: String...) -> [String] {
        let paths = folder.flatMap { FileManager.default.enumerator(atPath: $0.path)?.allObjects as? [String] } ?? []
        return paths.filter { path in endings.contains { path.hasSuffix("." + $0) } }.sorted()
    }

    static let messages = files("hl7")
}

/// A second, plainer reading of HL7 v2, by splitting text only, to hold the first against.
private enum Positions {
    struct Person {
        var type = ""
        var id = ""
        var family: String?
        var given = ""
        var birthDate = ""
        var identifiers: [String] = []
    }

    static func people(in bytes: [UInt8]) -> [Person] {
        let text = String(decoding: bytes, as: UTF8.self).replacing("\u{FEFF}", with: "").replacing("\r\n", with: "\n")
            .replacing("\r", with: "\n")
        let messages = ("\n" + text).split(separator: "\nMSH", omittingEmptySubsequences: false).dropFirst()
        return messages.map { message in
            var person = Person()
            for line in ("MSH" + message).split(separator: "\n") {
                let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
                if fields[0] == "MSH" {
                    person.type = fields[8].part("^", 0)
                    person.id = fields[9]
                } else if fields[0] == "PID", person.family == nil {
                    let name = fields[5].part("~", 0)
                    person.family = name.part("^", 0).part("&", 0).unescaped
                    person.given = name.part("^", 1).part("&", 0).unescaped
                    person.birthDate = fields[7].part("~", 0).part("^", 0)
                    person.identifiers = fields[3].split(separator: "~", omittingEmptySubsequences: false).map {
                        String($0).part("^", 0)
                    }
                }
            }
            return person
        }
    }
}

extension String {
    fileprivate func part(_ separator: Character, _ index: Int) -> String {
        let parts = split(separator: separator, omittingEmptySubsequences: false)
        return parts.indices.contains(index) ? String(parts[index]) : ""
    }

    fileprivate var unescaped: String { replacing("\\T\\", with: "&").replacing("\\S\\", with: "^") }
}

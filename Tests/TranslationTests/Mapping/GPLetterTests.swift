import Referral
import Testing

@testable import Translation

/// What GP Connect Send Document needs is released, or nothing leaves.
struct GPLetterTests {
    private let adapter = AdapterFolder.loaded.0["gp"]

    private func release(without path: [String] = []) throws -> Value {
        let adapter = try #require(adapter)
        let sample = try #require(Sample.all(of: adapter, "out").first { $0.file.hasSuffix("agreed.json") })
        return try StrictJSON.parse(sample.bytes).without(path[...])
    }

    private func render(_ release: Value) throws -> Rendered {
        let adapter = try #require(adapter)
        return try Renderer(adapter: adapter, outbound: adapter.outbound[0], documents: .outlined).render(release)
    }

    @Test func `MESH finds the practice by number, date and name`() throws {
        let rendered = try render(release())
        #expect(rendered.to == "GPPROVIDER_9990000018_03021948_Example")
        #expect(
            rendered.subject
                == "Consultation report for Anne Marie Example, NHS Number 9990000018, seen at Derby Local Area Co-ordination, ODS Code X99999"
        )
    }

    @Test(arguments: ["9990000019", "her old number"])
    func `a number that failed its check stops nothing and is in nothing`(_ mistyped: String) throws {
        let clean = try render(release())
        guard case .object(var release) = try release(), case .object(var person) = release["person"] else { return }
        let second: Value = ["type": "nhs_number", "value": .string(mistyped), "verified": false]
        for position in 0...1 {
            var identifiers = try #require(try self.release()["person"]?["identifiers"]?.arrayValue)
            identifiers.insert(second, at: position)
            person["identifiers"] = .array(identifiers)
            release["person"] = .object(person)
            var rendered = try render(.object(release))
            #expect(!rendered.tookFrom("person.identifiers[\(position)].value"))
            rendered.sources = clean.sources
            #expect(rendered == clean)
        }
    }

    @Test(arguments: [
        (["person", "identifiers"], "person.identifiers[type=nhs_number][verified=true].value"),
        (["person", "dob"], "person.dob"),
        (["person", "family"], "person.family"), (["sender", "ods"], "sender.ods"),
        (["sender", "mailbox"], "sender.mailbox"),
    ]) func `without what routing needs nothing leaves, and the error says what is missing`(
        _ missing: [String], _ path: String
    ) throws {
        let release = try release(without: missing)
        let error = #expect(throws: RenderError.self) { try render(release) }
        #expect(error.map { Set($0.findings.map(\.path)) } == [path])
        #expect(error?.findings.allSatisfy { $0.code == .missing } == true)
        #expect(error?.description.contains("Anne") == false)
    }

    @Test func `ids follow from the share, so a repeat is the same message and another share is another`() throws {
        let first = try render(release())
        #expect(try render(release()) == first)
        let text = String(decoding: first.bytes, as: UTF8.self)
        let ids = text.split(separator: "<id value=\"").dropFirst().map { String($0.prefix(36)) }
        #expect(ids.count == 9)
        // The message and its header are the share's, for replies to name it; every other id follows from it.
        let share = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f01"
        #expect(ids.prefix(2) == [share, share])
        #expect(Set(ids.dropFirst(2)).count == 7 && !ids.dropFirst(2).contains(share))
        for reference in text.split(separator: "<reference value=\"urn:uuid:").dropFirst() {
            #expect(ids.contains(String(reference.prefix(36))))
        }
    }
}

extension Value {
    /// The same without the member at a path.
    fileprivate func without(_ path: ArraySlice<String>) -> Value {
        guard let key = path.first, case .object(var object) = self else { return self }
        object[key] = path.count == 1 ? nil : object[key]?.without(path.dropFirst())
        return .object(object)
    }
}

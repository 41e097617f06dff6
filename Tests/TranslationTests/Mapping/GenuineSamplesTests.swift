import Foundation
import Referral
import Testing

@testable import Translation

/// Reads genuine messages of other people's systems, from the folder that `HUB_SAMPLES` names (`.hl7` files, and JSON below `bars`), and
/// compares who they are about with a reading by position that owes nothing to the hub's parser and mappings.
struct GenuineSamplesTests {
    private static let folder = ProcessInfo.processInfo.environment["HUB_SAMPLES"]

    private static let files: [String] = {
        guard let folder else { return [] }
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.sorted().map { "\(folder)/\($0)" }
    }()

    private static let messages = files.filter { $0.hasSuffix(".hl7") }
    private static let bundles = files.filter { $0.contains("/bars/") && $0.hasSuffix(".json") }

    private func translate(_ file: String) throws -> [Translated] {
        let (catalogue, _) = AdapterFolder.loaded
        let bytes = try #require(AdapterFiles.bytes(file))
        let (adapter, inbound) = try #require(catalogue.detect(bytes, fileName: file))
        return Translator(adapter: adapter, inbound: inbound, environment: .test, now: later).translate(bytes)
    }

    @Test func `the samples are there, or it is said aloud that they are not`() {
        if Self.folder == nil {
            print("HUB_SAMPLES is not set: the genuine HL7 v2 and BaRS samples are not read")
        } else {
            #expect(!Self.messages.isEmpty && !Self.bundles.isEmpty)
        }
    }

    @Test(arguments: messages) func `every HL7 v2 message is about whom its positions say`(_ file: String) throws {
        let results = try translate(file)
        #expect(!results.isEmpty)
        for wanted in try Self.identities(in: String(decoding: #require(AdapterFiles.bytes(file)), as: UTF8.self)) {
            let people = results.filter { $0.status != .rejected }.compactMap(\.referral?.person)
            #expect(people.contains { wanted.matches($0) }, "nobody in \(file) is the person of PID")
        }
    }

    @Test(arguments: bundles.filter { $0.contains("request.json") }) func `every BaRS request is about its Patient`(
        _ file: String
    ) throws {
        let bundle = try StrictJSON.parse(try #require(AdapterFiles.bytes(file)), byteOrderMark: .allowed)
        let resources = (bundle["entry"]?.arrayValue ?? []).compactMap { $0["resource"] }
        let patient = try #require(resources.first { $0["resourceType"] == "Patient" })
        let person = try #require(try translate(file).first?.referral?.person)
        #expect(person.family == patient[path: "name[0].family"]?.stringValue)
        #expect(person.dob?.iso == patient["birthDate"]?.stringValue)
        #expect(person.identifiers.first?.type == .known(.nhsNumber))
        #expect(person.identifiers.first?.value == patient[path: "identifier[0].value"]?.stringValue)
    }

    @Test(arguments: bundles) func `no BaRS document stops the hub`(_ file: String) throws {
        #expect(try !translate(file).isEmpty)
    }

    /// Who a message is about, by position.
    private struct Identity {
        var family: String
        var given: String
        var dob: String?

        func matches(_ person: Person) -> Bool {
            (person.family ?? "").lowercased() == family.lowercased()
                && (person.given ?? "").lowercased().hasPrefix(given.lowercased())
                && (dob == nil || person.dob?.iso == dob)
        }
    }

    private static let taken: Set<String> = ["A01", "A03", "A08", "A28", "A31", "A40", "I12", "I13", "I14"]

    private static func identities(in text: String) -> [Identity] {
        let lines = text.replacingOccurrences(of: "\u{FEFF}", with: "").split {
            $0.isNewline || $0 == "\u{0B}" || $0 == "\u{1C}"
        }
        var identities: [Identity] = []
        var type = ""
        for line in lines {
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            func component(_ field: Int, _ number: Int) -> String {
                guard fields.indices.contains(field) else { return "" }
                let repetition = fields[field].split(separator: "~", omittingEmptySubsequences: false).first ?? ""
                let parts = repetition.split(separator: "^", omittingEmptySubsequences: false)
                return parts.indices.contains(number) ? String(parts[number]) : ""
            }
            if fields[0] == "MSH" { type = component(8, 1) }
            guard fields[0] == "PID", taken.contains(type) else { continue }
            let family =
                component(5, 0).split(separator: "&", omittingEmptySubsequences: false).first.map(String.init) ?? ""
            guard !component(5, 0).contains("\\"), !component(5, 1).contains("\\") else { continue }
            let day = Array(component(7, 0))
            let dob = day.count >= 8 ? "\(String(day[0..<4]))-\(String(day[4..<6]))-\(String(day[6..<8]))" : nil
            identities.append(Identity(family: family, given: component(5, 1), dob: dob))
        }
        return identities
    }
}

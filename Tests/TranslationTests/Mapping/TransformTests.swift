import Referral
import Testing

@testable import Translation

struct TransformTests {
    private func apply(_ step: String, _ text: String) throws -> String? {
        let result = try found(
            "text | \(step)", in: String(decoding: StrictJSON.write(["text": .string(text)]), as: UTF8.self))
        #expect(result.texts.isEmpty == !result.raised.isEmpty)
        return result.texts.first
    }

    @Test(arguments: [
        ("trim", "  a ", "a"), ("lower", "ÀB", "àb"), ("upper", "straße", "STRASSE"),
        ("title", "O'NEILL-JONES van dijk", "O'Neill-Jones Van Dijk"), ("digits", "about 36", "36"),
        ("remove '-'", "a-b-c", "abc"), ("prefix 'Ward '", "205", "Ward 205"), ("suffix '!'", "a", "a!"),
        ("take 2", "abc", "ab"), ("take last 2", "abc", "bc"), ("take 9", "abc", "abc"),
        ("nhs_number", "999 000-0018", "9990000018"), ("phone", "01632 960 123", "+441632960123"),
        ("phone", "7700900123", "+447700900123"), ("phone", "1632960123", "+441632960123"),
        ("postcode", "de12fs", "DE1 2FS"), ("yes_no", "Y", "true"), ("yes_no", " No ", "false"), ("number", "07", "7"),
        ("reference", " HB/000-124 ", "HB/000-124"), ("number!", "7", "7"),
        ("date", "02/01/1950", "1950-01-02"), ("date uk", "1950-01-02", "02/01/1950"),
        ("date hl7", "2 Jan 1950", "19500102"),
        ("date words", "02/01/1950", "2 January 1950"),
        ("datetime words", "2026-07-01T13:15:00Z", "1 July 2026 at 14:15"),
        (
            "uuid 'www.example.com'", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "2ed6657d-e927-568b-95e1-2665a8aea6a2"
        ),
        ("datetime", "20260701141500", "2026-07-01T13:15:00Z"),
        ("datetime hl7", "2026-07-01T13:15:00Z", "20260701131500+0000"),
        ("datetime uk", "2026-07-01T13:15:00Z", "01/07/2026 14:15"),
    ]) func `each step does its one thing`(_ step: String, _ text: String, _ expected: String) throws {
        #expect(try apply(step, text) == expected)
    }

    @Test(arguments: [
        ("nhs_number", "9990000019", FindingCode.invalidIdentifier), ("phone", "n/a", .invalidIdentifier),
        ("postcode", "QA1 1AA", .invalidIdentifier), ("yes_no", "perhaps", .unknownCode), ("number", "7.5", .schema),
        ("date", "1/2/50", .invalidDate), ("datetime", "yesterday", .invalidDate), ("uuid 'a'", "1", .schema),
        ("reference", "autistic", .schema), ("reference", "Tom, 8", .schema), ("reference", "Tom 8", .schema),
        ("reference", "123456789012345678901", .schema), ("number!", "4 incl. Tom", .schema),
        ("reference!", "with Tom", .schema),
    ]) func `a checking step refuses what it does not expect`(
        _ step: String, _ text: String, _ code: FindingCode
    ) throws {
        let document = String(decoding: StrictJSON.write(["text": .string(text)]), as: UTF8.self)
        #expect(try found("text | \(step)", in: document).raised.map(\.finding.code) == [code])
    }

    @Test func `an exclamation mark makes a warning of what fails, and leaves it out`() throws {
        for (step, texts, isError) in [("number", [], true), ("number?", ["a"], false), ("number!", [], false)] {
            let result = try found("text | \(step)", in: #"{ "text": "a" }"#)
            #expect(result.texts == texts && result.raised.map(\.isError) == [isError])
        }
    }

    @Test func `every transform is documented in the guide`() throws {
        let guide = String(decoding: try #require(AdapterFiles.bytes("\(AdapterFolder.real)/README.md")), as: UTF8.self)
        for name in Transform.names + ExpressionParser.structuralSteps {
            #expect(guide.contains("`\(name)") || guide.contains(" \(name) "), "\(name) is not in adapters/README.md")
        }
    }
}

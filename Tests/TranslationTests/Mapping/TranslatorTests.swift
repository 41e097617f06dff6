import Referral
import Testing

@testable import Translation

struct TranslatorTests {
    private func translate(_ bytes: [UInt8], _ id: String) throws -> [Translated] {
        let (catalogue, _) = AdapterFolder.loaded
        let adapter = try #require(catalogue[id])
        return Translator(adapter: adapter, inbound: adapter.inbound[0], environment: .test, now: later).translate(
            bytes)
    }

    private func translate(_ text: String, _ id: String) throws -> [Translated] { try translate(Array(text.utf8), id) }

    @Test(arguments: [
        ("hl7v2", "", FindingCode.notParseable), ("hl7v2", "PID|1||2", .notParseable),
        ("hl7v2", "MSH|^~\\&|A", .notParseable),
        ("hl7v2", "MSH", .notParseable), ("envelope", "", .notParseable), ("envelope", "{\"a\":", .notParseable),
        ("envelope", "{\"a\":1,\"a\":2}", .notParseable), ("envelope", "\u{FEFF}{}", .encoding),
        ("envelope", "[]", .schema),
        ("bars", "{", .notParseable), ("ppn", "<PPN>", .notParseable), ("ppn", "", .notParseable),
        ("ppn", "<!DOCTYPE a><PPN/>", .notParseable),
        ("ppn", "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><PPN>&x;</PPN>", .notParseable),
        ("csv", "", .notParseable),
        ("csv", "Surname,Reason\n", .missing),
    ]) func `a document that cannot be read is one rejected result`(
        _ id: String, _ text: String, _ code: FindingCode
    ) throws {
        let results = try translate(text, id)
        #expect(results.count == 1)
        #expect(results.first?.status == .rejected)
        #expect(results.first?.errors.first?.code == code)
    }

    @Test func `bytes that are no text are rejected in every format`() throws {
        let junk = (0..<512).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) }
        for id in ["hl7v2", "envelope", "bars", "ppn", "csv"] {
            let results = try translate(junk, id)
            #expect(!results.isEmpty && results.allSatisfy { $0.status == .rejected }, "\(id)")
        }
    }

    @Test func `deep nesting is refused and not walked into`() throws {
        for id in ["envelope", "bars"] {
            #expect(try translate(String(repeating: "[", count: 100_000), id).first?.status == .rejected)
        }
        #expect(try translate(String(repeating: "<a>", count: 100_000), "ppn").first?.status == .rejected)
    }

    @Test func `a message cut off anywhere never traps`() throws {
        let message =
            #"MSH|^~\&|PAS|RTG|||20261122093000||REF^I12^REF_I12|1|P|2.4"#
            + "\rRF1|P|S\rPID|1||9990000018^^^NHS^NH||EXAMPLE^ANNE||19480203|2\rNTE|1||x\r"
        for length in 0...message.utf8.count {
            #expect(try translate(Array(message.utf8.prefix(length)), "uhdb").count == 1)
        }
    }

    @Test func `one bad row is rejected alone`() throws {
        let results = try translate("Surname,DOB,Reason,Worker\nA,1/1/1950,x,W\nB,2\nC,3 Feb 1950,x,W\n", "csv")
        #expect(results.map(\.status) == [.accepted, .rejected, .accepted])
        #expect(results.map(\.index) == [0, 1, 2])
        #expect(results[1].errors.first?.path == "line 3")
    }

    @Test func `a batch gives a result for each message, by its own type`() throws {
        func message(_ type: String, _ id: String) -> String {
            "MSH|^~\\&|PAS|RTG|||20261122093000||\(type)|\(id)|P|2.4\rPID|1||9990000018^^^NHS^NH||EXAMPLE^ANNE||19480203|2\rNTE|1||why\rPRD|RP|W^U\r"
        }
        let batch =
            "FHS|^~\\&\rBHS|^~\\&\r" + message("REF^I12", "1") + message("ADT^A31", "2") + message("ORM^O01", "3")
            + "BTS|3\rFTS|1\r"
        let results = try translate(batch, "uhdb")
        #expect(results.map { $0.referral?.type.text } == ["referral", "update", nil])
        #expect(results.last?.errors.map(\.code) == [.notForUs])
    }

    @Test(arguments: ["A01", "A03", "A08", "A28", "A31", "A40"]) func `ADT messages are updates`(_ event: String) throws
    {
        let text =
            "MSH|^~\\&|X|Y|||20261122||ADT^\(event)|1|P|2.4\rPID|1||77^^^Y^MR||EXAMPLE^ANNE||19480203|2\rMRG|66^^^Y^MR\r"
        let result = try #require(try translate(text, "hl7v2").first)
        #expect(result.status == .accepted)
        #expect(result.referral?.type == .known(.update))
        #expect(result.referral?.person.family == "EXAMPLE")
    }

    @Test func `the sender is the partner, whatever the document says`() throws {
        let text =
            "MSH|^~\\&|X|SOMEBODY|||20261122||REF^I12|1|P|2.4\rPID|1||||EXAMPLE^ANNE||19480203|2\rNTE|1||x\rPRD|RP|W\r"
        #expect(try translate(text, "uhdb").first?.referral?.sender == "uhdb")
        #expect(try translate(text, "hl7v2").first?.referral?.sender == "SOMEBODY")
    }

    @Test func `an envelope of another sender is refused`() throws {
        let text =
            #"{"message_id":"1","sender":"uhdb","sent_at":"2026-11-22T09:30:00Z","type":"referral","person":{"family":"E"},"reason":"x"}"#
        #expect(try translate(text, "derby_homes").first?.errors.map(\.code).contains(.senderMismatch) == true)
    }

    @Test func `an envelope without a type is told so, one of a type that is not taken is not for us`() throws {
        let untyped = try translate(#"{"subject_role":"parent","person":{"family":"E"}}"#, "derby_riverside_school")
        #expect(untyped.first?.errors.contains { $0.code == .missing && $0.path == "type" } == true)
        let notice = try translate(#"{"type":"notice","person":{"family":"E"}}"#, "derby_riverside_school")
        #expect(notice.first?.errors.map(\.code) == [.notForUs])
    }

    @Test func `a field whose first component is empty is read all the same`() throws {
        let text =
            "MSH|^~\\&|X|Y|||20261122||ADT^A08|1|P|2.4\rPID|1||77^^^Y^MR||E^A||19480203|2|||||^PRN^PH^^^01632^960456\r"
        #expect(try translate(text, "hl7v2").first?.referral?.person.phone == ["+441632960456"])
    }

    @Test func `what the mapping found is not told twice`() throws {
        let results = try translate("Surname,Needs,Reason,Worker,DOB\nA,gardening;lonely,x,W,1/1/1950\n", "csv")
        #expect(results.first?.warnings.map(\.path) == ["line 2, needs"])
        #expect(results.first?.status == .accepted)
    }

    @Test func `a mapping's error makes an otherwise complete referral incomplete`() throws {
        let results = try translate("Surname,DOB,Phone,Reason,Worker\nA,1/1/50,01632 960123,x,W\n", "csv")
        #expect(results.first?.status == .incomplete)
        #expect(results.first?.errors.map(\.code) == [.invalidDate])
        #expect(results.first?.errors.map(\.path) == ["line 2, dob"])
    }

    @Test func `the line of a result has index, status, referral and findings`() throws {
        let line = try #require(try translate("Surname,Reason\nA,x\n", "csv").first).line
        #expect(line.objectValue?.keys == ["index", "status", "referral", "warnings", "errors"])
        #expect(line[path: "referral.person.family"] == "A")
        #expect(try translate("", "csv")[0].line.objectValue?.keys == ["index", "status", "warnings", "errors"])
    }

    @Test func `findings quote nothing of the document`() throws {
        let secret = "Zzyzx"
        let texts = [
            (
                "csv",
                "Surname,DOB,Phone,NHS no,Needs,Urgency,Age,Interpreter\n\(secret),\(secret),\(secret),\(secret),\(secret),\(secret),\(secret),\(secret)\n"
            ),
            (
                "hl7v2",
                "MSH|^~\\&|X|Y|||\(secret)||REF^I12|1|P|2.4\rRF1|P|\(secret)\rPID|1||\(secret)^^^NHS^NH||\(secret)||\(secret)|\(secret)\r"
            ),
            (
                "envelope",
                "{\"message_id\":\"\(secret) x\",\"person\":{\"dob\":\"\(secret)\",\"sex\":\"\(secret)\",\"phone\":[\"\(secret)\"]}}"
            ),
        ]
        for (id, text) in texts {
            for result in try translate(text, id) {
                #expect(!result.warnings.isEmpty || !result.errors.isEmpty)
                for finding in result.warnings + result.errors {
                    #expect(!finding.text.contains(secret) && !finding.path.contains(secret))
                }
            }
        }
    }

    @Test func `a join of several people's records gives each their own numbers`() throws {
        let message =
            "MSH|^~\\&|X|Y|||20261122||ADT^A40|1|P|2.4\rPID|1||1^^^Y^MR||A^B\rMRG|2^^^Y^MR\rPID|2||3^^^Y^MR||C^D\rMRG|4^^^Y^MR\r"
        let results = try translate(message, "hl7v2")
        #expect(results.map(\.index) == [0, 1])
        #expect(results.map { $0.referral?.person.identifiers.map(\.value) } == [["1"], ["3"]])
        #expect(results.map { $0.referral?.person.family } == ["A", "C"])
    }

    @Test func `any other message about two people is rejected`() throws {
        let message = "MSH|^~\\&|X|Y|||20261122||ADT^A08|1|P|2.4\rPID|1||1^^^Y^MR||A^B\rPID|2||3^^^Y^MR||C^D\r"
        let results = try translate(message, "hl7v2")
        #expect(results.map(\.status) == [.rejected])
        #expect(results.first?.errors.map(\.path) == ["PID(2)"])
    }

    @Test func `each request of a bundle is a referral, none is a rejection`() throws {
        func bundle(_ requests: String) -> String { #"{"resourceType":"Bundle","entry":["# + requests + "]}" }
        func request(_ name: String) -> String {
            #"{"resource":{"resourceType":"ServiceRequest","subject":{"display":""# + name
                + #""},"code":{"text":"why"},"requester":{"display":"W"}}}"#
        }
        let adapter = try #require(AdapterFolder.loaded.0["fhir"])
        let way = try #require(adapter.inbound.last)
        let translator = Translator(adapter: adapter, inbound: way, environment: .test, now: later)
        let two = translator.translate(Array(bundle(request("A") + "," + request("B")).utf8))
        #expect(two.map { $0.referral?.person.family } == ["A", "B"])
        #expect(two.map(\.index) == [0, 1])
        let none = translator.translate(Array(bundle("").utf8))
        #expect(none.map(\.status) == [.rejected])
        #expect(none.first?.errors.first?.code == .missing)
    }

    @Test func `an attachment that stayed in its document is found again`() throws {
        let bytes = try #require(AdapterFiles.bytes("\(AdapterFolder.real)/itk3/samples/in/report.xml"))
        let adapter = try #require(AdapterFolder.loaded.0["itk3"])
        let translator = Translator(adapter: adapter, inbound: adapter.inbound[0], environment: .test, now: later)
        let results = translator.translate(bytes)
        let attachment = try #require(results.first?.referral?.attachments.first)
        let contents = translator.contents(of: results, in: bytes)
        #expect(contents.map(\.result) == [0])
        #expect(contents.first?.bytes.starts(with: "%PDF-1.4".utf8) == true)
        #expect(attachment.content == .document(path: contents.first?.path ?? ""))
        #expect(attachment.size == contents.first?.bytes.count && attachment.sha256?.count == 64)
        #expect(translator.contents(of: results, in: [0x3C]).isEmpty)
    }
}

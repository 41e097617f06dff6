import Referral
import TestSupport
import Testing
import Translation

struct PeekTests {
    private func look(_ text: String, _ format: DocumentFormat) throws -> Peek {
        try Peek.look(Array(text.utf8), format: format)
    }

    private func refusal(_ text: String, _ format: DocumentFormat) -> DocumentError? {
        do {
            _ = try Peek.look(Array(text.utf8), format: format)
            return nil
        } catch {
            return error
        }
    }

    @Test func `the envelope shows its id, sender, type, thread and NHS number`() throws {
        let text = """
            {"message_id":"A-1","sender":"derby_homes","type":"update","in_reply_to":"A-0",
            "person":{"identifiers":[{"type":"nino","value":"QQ123456A"},{"type":"nhs_number","value":"999 000 0018"}]}}
            """
        #expect(
            try look(text, .json)
                == Peek(
                    format: .json, messageID: "A-1", sender: "derby_homes", type: "update", threadID: "A-0",
                    nhsNumber: "9990000018"))
    }

    @Test func `a first message of the envelope is its own thread and a wrong NHS number is none`() throws {
        let peek = try look(
            #"{"message_id":"A-1","person":{"identifiers":[{"type":"nhs_number","value":"9434765918"}]}}"#, .json)
        #expect(peek.threadID == "A-1" && peek.repeatID == "A-1" && peek.nhsNumber == nil)
    }

    @Test(
        arguments: [
            #"{"sender":"x","type":"referral","person":{}}"#, #"{"message_id":""}"#, #"{"message_id":null}"#,
        ])
    func `an envelope without an id is refused as missing it`(text: String) {
        let error = refusal(text, .json)
        #expect(error?.code == .missing && error?.path == "message_id")
    }

    @Test(arguments: [#"{"message_id":1}"#, #"{"message_id":"a b"}"#, #"{"message_id":"é"}"#, #"{"message_id":["a"]}"#])
    func `an id of the wrong form is refused`(text: String) {
        #expect(refusal(text, .json)?.code == .schema)
        #expect(refusal("{\"message_id\":\"\(String(repeating: "a", count: 65))\"}", .json)?.code == .schema)
    }

    @Test func `other JSON has no id of its own`() throws {
        let event = #"{"Type":"Notification","MessageId":"1","Message":"{}"}"#
        #expect(try look(event, .json) == Peek(format: .json))
        #expect(refusal("[]", .json)?.code == .schema)
        #expect(refusal("1", .json)?.code == .schema)
    }

    @Test func `HL7 v2 shows MSH-10, MSH-4, MSH-9, RF1-6 and PID-3`() throws {
        let text =
            "MSH|^~\\&|PAS|RTG^x|H|LAC|1||REF^I12^REF_I12|R1|P|2.4\rRF1||||||LAC-1^RTG\rPID|||77^^^RTG^PI~9990000018^^^NHS"
        #expect(
            try look(text, .hl7v2)
                == Peek(
                    format: .hl7v2, messageID: "R1", sender: "RTG", type: "REF^I12", threadID: "LAC-1",
                    nhsNumber: "9990000018"))
    }

    @Test func `RF1-6 is found in a later component too and the first of several messages is looked at`() throws {
        let text = "FHS|^~\\&\rMSH|^~\\&||RTG|||||ADT|R1\rRF1||||||^^REF001\rMSH|^~\\&||RTG|||||ADT|R2\r"
        let peek = try look(text, .hl7v2)
        #expect(peek.messageID == "R1" && peek.threadID == "REF001" && peek.type == "ADT")
    }

    @Test func `HL7 v2 without an id is refused`() {
        let error = refusal("MSH|^~\\&|A|B|||||ADT^A28||P|2.4\rPID|1", .hl7v2)
        #expect(error?.code == .missing && error?.path == "MSH-10")
    }

    private let bundle = """
        {"resourceType":"Bundle","id":"B1","meta":{"lastUpdated":"2026-11-22T09:00:00+00:00"},"type":"message","entry":[
        {"fullUrl":"urn:uuid:h","resource":{"resourceType":"MessageHeader","eventCoding":{"code":"servicerequest-request"},
        "sender":{"reference":"urn:uuid:o2"},"source":{"endpoint":"https://fhir.nhs.uk/id/dos-service-id|1"}}},
        {"fullUrl":"urn:uuid:o1","resource":{"resourceType":"Organization","identifier":[
        {"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"RXM"}]}},
        {"fullUrl":"urn:uuid:o2","resource":{"resourceType":"Organization","identifier":[
        {"system":"https://fhir.nhs.uk/id/ods-organization-code","value":"RTG"}]}},
        {"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient","identifier":[
        {"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}}]}
        """

    @Test(arguments: [DocumentFormat.json, .fhir])
    func `a FHIR message shows what its header says`(announced: DocumentFormat) throws {
        #expect(
            try look(bundle, announced)
                == Peek(
                    format: .fhir, messageID: "B1", repeatID: "B1 2026-11-22T09:00:00+00:00", sender: "RTG",
                    type: "servicerequest-request", threadID: "B1", nhsNumber: "9990000018"))
    }

    @Test func `the source endpoint stands in for a sender without a code`() throws {
        let text = bundle.replacing("urn:uuid:o2\"}", with: "urn:uuid:o9\"}")
        #expect(try look(text, .fhir).sender == "https://fhir.nhs.uk/id/dos-service-id|1")
    }

    @Test func `FHIR must say what it is`() throws {
        #expect(refusal(#"{"id":"1"}"#, .fhir)?.code == .missing)
        #expect(try look(#"{"resourceType":"Patient","id":"1"}"#, .json).type == "Patient")
    }

    @Test(
        arguments: [
            ("<ppn><header><ppn_ref> P1 </ppn_ref><force_code>30</force_code></header></ppn>", DocumentFormat.xml),
            (#"{"header":{"ppn_ref":"P1","force_code":30}}"#, .json),
            (#"{"ppn":{"header":{"ppn_ref":"P1","force_code":"30"}}}"#, .json),
        ])
    func `a police notice shows its reference and force`(text: String, format: DocumentFormat) throws {
        #expect(
            try look(text, format) == Peek(format: format, messageID: "P1", sender: "30", type: "PPN", threadID: "P1"))
    }

    @Test(arguments: [
        ("<PPN/>", DocumentFormat.xml), ("<ppn><header><ppn_ref/></header></ppn>", .xml),
        (#"{"ppn":{"header":{}}}"#, .json),
    ])
    func `a police notice without a reference is refused`(text: String, format: DocumentFormat) {
        #expect(refusal(text, format)?.code == .missing)
    }

    @Test func `other XML shows its root and FHIR in XML its id`() throws {
        #expect(try look("<x:GovTalkMessage xmlns:x='urn:x'/>", .xml) == Peek(format: .xml, type: "GovTalkMessage"))
        let bundle =
            "<Bundle xmlns='http://hl7.org/fhir'><id value='B1'/><meta><lastUpdated value='T'/></meta></Bundle>"
        #expect(
            try look(bundle, .xml)
                == Peek(format: .fhir, messageID: "B1", repeatID: "B1 T", type: "Bundle", threadID: "B1"))
        #expect(try look(bundle, .fhir) == look(bundle, .xml))
    }

    @Test func `a table has no id of its own`() throws {
        #expect(try look("name,dob\nx,y\n", .csv) == Peek(format: .csv))
    }

    @Test(arguments: DocumentFormat.allCases)
    func `nothing, too much and noise are refused or read`(format: DocumentFormat) throws {
        #expect(refusal("", format)?.code == .notParseable)
        #expect(throws: DocumentError.self) { try Peek.look([0x61, 0x62], format: format, limits: Limits(bytes: 1)) }
        for bytes in Hostile.noise(alphabet: #"{}<>":,MSH|^~\&\#r\#n"#, count: 500, seed: 9) {
            _ = try? Peek.look(bytes, format: format)
        }
        for bytes in Hostile.mutations(of: bundle, count: 500, seed: 10) { _ = try? Peek.look(bytes, format: format) }
    }

    @Test func `a FHIR message cut off anywhere is refused`() {
        for bytes in Hostile.truncations(of: bundle) {
            #expect(throws: DocumentError.self) { try Peek.look(bytes, format: .fhir) }
        }
    }

    @Test func `an event and a visit form show their id, a wrapped document its own`() throws {
        let event = #"{"Type":"Notification","MessageId":"N1","Message":"{\"eventType\":\"a.b\",\"version\":1}"}"#
        #expect(try look(event, .json) == Peek(format: .json, messageID: "N1", type: "a.b"))
        #expect(try look(#"{"eventType":"a.b"}"#, .json) == Peek(format: .json, type: "a.b"))
        let visit = #"{"version":"HFSV v1","ref":"F1","type":"outcome","person":{},"reason":"x"}"#
        #expect(try look(visit, .json) == Peek(format: .json, messageID: "F1", type: "outcome"))
        let wrapped =
            "<GovTalkMessage xmlns='http://www.govtalk.gov.uk/CM/envelope'><Header><MessageDetails><TransactionID>T1"
            + "</TransactionID></MessageDetails></Header><Body><a xmlns=''/></Body></GovTalkMessage>"
        #expect(try look(wrapped, .xml) == Peek(format: .xml, messageID: "T1", type: "a", threadID: "T1"))
    }

    @Test func `a member twice inside a notification is refused, and its place is told`() {
        let event = #"{"Type":"Notification","Message":"{\"eventType\":\"a\",\"eventType\":\"b\"}"}"#
        let error = refusal(event, .json)
        #expect(error?.code == .notParseable)
        #expect(error?.path == "Message, line 1, column 18")
    }
}

import Referral
import Testing
import Translation

struct HL7AcknowledgementTests {
    private let message = Array(
        "MSH|^~\\&|PAS|RTG^x|LACHUB|LAC|20261122093000||REF^I12^REF_I12|R1|T|2.3|||AL\rPID|1".utf8)

    private func lines(_ answer: HL7Acknowledgement, to bytes: [UInt8]?) throws -> [String] {
        let message = try bytes.map { try HL7Message.parse($0) }
        let text = String(decoding: answer.bytes(answering: message), as: UTF8.self)
        return text.split(separator: "\r").map(String.init)
    }

    @Test func `an accepted message is answered to its sender`() throws {
        let answer = HL7Acknowledgement(.accept, messageID: "H1", time: "20261122093001+0000")
        #expect(
            try lines(answer, to: message) == [
                #"MSH|^~\&|LACHUB|LAC|PAS|RTG^x|20261122093001+0000||ACK^I12^ACK|H1|T|2.3"#,
                "MSA|AA|R1",
            ])
    }

    @Test func `the receipt stands behind what was wrong`() throws {
        var answer = HL7Acknowledgement(.accept, messageID: "H1", time: "20261122", text: "receipt 1")
        #expect(try lines(answer, to: message)[1] == "MSA|AA|R1|receipt 1")
        answer.findings = [Finding(.missing, at: "", "no name")]
        #expect(try lines(answer, to: message)[1] == "MSA|AA|R1|no name; receipt 1")
    }

    @Test(arguments: ["8859/1", "", "UNICODE UTF-8", "UNICODE"])
    func `the answer is in the character set of the message`(declared: String) throws {
        let text = "MSH|^~\\&|P\u{C4}S|RTG|LACHUB|LAC|20261122093000||ADT^A28|R1|T|2.4||||||\(declared)\rPID|1\r"
        let isLatin = declared == "8859/1" || declared.isEmpty
        let bytes = isLatin ? text.unicodeScalars.map { UInt8($0.value) } : Array(text.utf8)
        let answer = HL7Acknowledgement(.accept, messageID: "H1", time: "20261122")
            .bytes(answering: try HL7Message.parse(bytes))
        let name: [UInt8] = isLatin ? [0x50, 0xC4, 0x53] : [0x50, 0xC3, 0x84, 0x53]
        #expect(answer.firstRange(of: [UInt8(ascii: "|")] + name + [UInt8(ascii: "|")]) != nil)
        #expect(try HL7Message.parse(answer).first("MSH-18") == (declared.isEmpty ? nil : declared))
        #expect(try HL7Message.parse(answer).first("MSH-5") == "P\u{C4}S")
    }

    @Test func `an error names segment, sequence, field and code`() throws {
        let finding = Finding(.missing, at: "PID(1)-5", "no name")
        let other = Finding(.tooLarge, at: "", "too much")
        let answer = HL7Acknowledgement(.error, messageID: "H2", time: "20261122", findings: [finding, other])
        let lines = try lines(answer, to: message)
        #expect(lines[1] == "MSA|AE|R1|no name")
        #expect(
            lines[2] == "ERR|PID^1^5^101&Required field missing&HL70357&missing&no name&L"
                + "~^^^207&Application internal error&HL70357&too_large&too much&L")
    }

    @Test func `a message that could not be read is answered all the same`() throws {
        let answer = HL7Acknowledgement(.reject, messageID: "H3", time: "20261122")
        #expect(try lines(answer, to: nil) == [#"MSH|^~\&|||||20261122||ACK|H3|P|2.4||||||UNICODE UTF-8"#, "MSA|AR"])
    }

    @Test func `the answer keeps the delimiters of the message`() throws {
        let answer = HL7Acknowledgement(.accept, messageID: "H|4", time: "20261122")
        let lines = try lines(answer, to: Array("MSH#*!@%#A#B#C#D###ADT*A28#7|8#P#2.4".utf8))
        #expect(lines[0].hasPrefix("MSH#*!@%#C#D#A#B#20261122##ACK*A28*ACK#H|4#P#2.4"))
        #expect(lines[1] == "MSA#AA#7|8")
    }

    @Test(arguments: FindingCode.allCases)
    func `every finding has its code in an answer that can be read`(code: FindingCode) throws {
        let answer = HL7Acknowledgement(
            .error, messageID: "1", time: "2", findings: [Finding(code, at: "PID-3(2).1", "x")])
        let read = try HL7Message.parse(answer.bytes(answering: nil))
        #expect(read.values("ERR-1.4.4") == [code.rawValue])
        #expect(read.values("ERR-1.3") == ["3"])
    }
}

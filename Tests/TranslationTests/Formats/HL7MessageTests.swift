import Referral
import TestSupport
import Testing
import Translation

struct HL7MessageTests {
    private let referral = [
        #"MSH|^~\&|PAS|RTG|LACHUB|LAC|20261122093000+0000||REF^I12^REF_I12|R0000001|P|2.4|||AL|AL|GBR|UNICODE UTF-8"#,
        "RF1|P^Pending^HL70283|R^Routine^HL70280|||O|LAC-1^RTG",
        "PID|1||9990000018^^^NHS&2.16.840.1.113883.2.1.4.1&ISO^NH~000123^^^RTG^PI||O\\T\\NEIL&O&NEIL^ZOË^^^MRS^^L||19500102|2|\"\"",
        "NTE|1||fell & cannot get up^twice~second line\\.br\\third",
        "NTE|2||other note",
        "ZU1|A|kept",
    ]

    private func parse(_ lines: [String], end: String = "\r") throws -> HL7Message {
        try HL7Message.parse(Array(lines.joined(separator: end).utf8))
    }

    private func refusal(_ bytes: [UInt8]) -> DocumentError? {
        do {
            _ = try HL7Message.parse(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test func `fields are found by position, MSH counting its separator`() throws {
        let message = try parse(referral)
        #expect(message.values("MSH-1") == ["|"])
        #expect(message.values("MSH-2") == [#"^~\&"#])
        #expect(message.values("MSH-4") == ["RTG"])
        #expect(message.values("MSH-9.2") == ["I12"])
        #expect(message.values("RF1-6.1") == ["LAC-1"])
        #expect(message.values("PID-5.2") == ["ZOË"])
        #expect(message.values("PID-7") == ["19500102"])
    }

    @Test func `repetitions, components and subcomponents are reached`() throws {
        let message = try parse(referral)
        #expect(message.values("PID-3.1") == ["9990000018", "000123"])
        #expect(message.values("PID-3(2).4") == ["RTG"])
        #expect(message.values("PID-3(1).4.2") == ["2.16.840.1.113883.2.1.4.1"])
        #expect(message.values("PID-3(3).1") == [])
        #expect(message.values("PID-3") == ["9990000018", "000123"])
        #expect(message.pieces("PID-3").map { $0.component(5).text } == ["NH", "PI"])
        #expect(message.pieces("PID-3")[0].values(".4.2") == ["2.16.840.1.113883.2.1.4.1"])
    }

    @Test func `a path that stops short takes the first part, decoded`() throws {
        let message = try parse(referral)
        #expect(message.values("PID-5.1") == ["O&NEIL"])
        #expect(message.values("PID-5") == ["O&NEIL"])
        #expect(message.values("PID-5.1.3") == ["NEIL"])
        #expect(message.pieces("PID-5.1")[0].whole == "O&NEIL&O&NEIL")
    }

    @Test func `free text is taken whole from every segment of the name`() throws {
        let message = try parse(referral)
        #expect(message.values("NTE-3") == ["fell & cannot get up^twice", "second line\nthird", "other note"])
        #expect(message.values("NTE(2)-3") == ["other note"])
        #expect(message.values("NTE(3)-3") == [])
    }

    @Test func `an observation is free text when it says so`() throws {
        let lines = [referral[0], "OBX|1|TX|||a^b&c", "OBX|2|CE|||a^b&c"]
        #expect(try parse(lines).values("OBX-5") == ["a^b&c", "a"])
    }

    @Test func `a deletion differs from an empty field`() throws {
        let message = try parse(referral)
        #expect(message.pieces("PID-9")[0].isDeletion)
        #expect(message.values("PID-9") == [HL7Piece.deletion])
        #expect(message.pieces("PID-10")[0].isEmpty && !message.pieces("PID-10")[0].isDeletion)
        #expect(message.pieces("PID-99")[0].isEmpty)
    }

    @Test(arguments: ["\r", "\n", "\r\n", "\r\r", "\n\n", "\r\n\r\n"])
    func `segments end with any line end and blank lines are skipped`(end: String) throws {
        let message = try parse(referral, end: end)
        #expect(message.segments.map(\.name) == ["MSH", "RF1", "PID", "NTE", "NTE", "ZU1"])
        #expect(message.segments.map(\.number) == [1, 2, 3, 4, 5, 6])
        #expect(message.values("ZU1-2") == ["kept"])
    }

    @Test func `delimiters are those that the message declares`() throws {
        let message = try parse(["MSH#*!@%#A#B#C#D#1##ADT*A28#7#P#2.4", "PID#1##1*2%3!4##X@F@Y@S@Z^|~"])
        #expect(message.values("MSH-9.2") == ["A28"])
        #expect(message.values("PID-3.1") == ["1", "4"])
        #expect(message.values("PID-3(1).2.2") == ["3"])
        #expect(message.values("PID-5") == ["X#Y*Z^|~"])
    }

    @Test(arguments: [#"^~\\&"#, #"^~\"#, "^~", "^", "", #"^~\&#"#])
    func `encoding characters doubled or left out are made good`(declared: String) throws {
        let message = try parse(["MSH|\(declared)|A|B|||1||ADT^A28|7|P|2.4", #"PID|||1^^^A&B~2||X\T\Y"#])
        #expect(message.delimiters == .standard)
        #expect(message.values("PID-5") == ["X&Y"])
        #expect(message.values("MSH-3") == ["A"])
    }

    @Test(arguments: [
        "MSH", "MSH|", "MSHA^~\\&A", "MSH|^^^^|A", "MSH|abcd|A", "MSH ^~\\& A", "MSH||||||||", "MSH|^~\\&|||||||",
    ])
    func `a header that cannot be used is refused at segment 1`(header: String) {
        let error = refusal(Array(header.utf8))
        #expect(error?.code == .notParseable)
        #expect(error?.path == "segment 1")
    }

    @Test(arguments: ["", "PID|1||1", "XMSH|^~\\&|", "{}", "\r\n\r\n", "\u{0B}\u{1C}\r"])
    func `bytes without a header are refused`(text: String) {
        #expect(refusal(Array(text.utf8))?.code == .notParseable)
    }

    @Test func `a message that breaks off in a segment's name is refused with its number`() {
        #expect(refusal(Array((referral[0] + "\rPID|1\rNT").utf8))?.path == "segment 3")
    }

    @Test func `a line that begins no segment goes on with the field before it`() throws {
        let message = try parse([referral[0], "NTE|1||first line", "second line, with | a bar", "NTE|2||x"], end: "\n")
        #expect(message.values("NTE-3") == ["first line\nsecond line, with ", "x"])
        #expect(message.segments.count == 3)
    }

    @Test func `a byte order mark, white space and a frame around the message are skipped`() throws {
        let text = Array(referral.joined(separator: "\r").utf8)
        for bytes in [[0xEF, 0xBB, 0xBF] + text, MLLP.frame(text), Array("\r\n ".utf8) + text] {
            let message = try HL7Message.parse(bytes)
            #expect(message.values("MSH-4") == ["RTG"] && message.values("ZU1-2") == ["kept"])
            #expect(message.raw == bytes)
        }
    }

    @Test(arguments: [
        ("", "Ren\u{E9}e"), ("8859/1", "Ren\u{E9}e"), ("UNICODE UTF-8", "Ren\u{E9}e"), ("ASCII~8859/1", "Ren\u{E9}e"),
    ])
    func `bytes that are not UTF-8 are read as ISO 8859-1`(declared: String, name: String) throws {
        let bytes =
            Array("MSH|^~\\&|||||||ADT^A28|1|P|2.4||||||\(declared)\rPID|||||X^Ren".utf8) + [0xE9] + Array("e".utf8)
        #expect(try HL7Message.parse(bytes).values("PID-5.2") == [name])
    }

    @Test func `a declared ISO 8859-1 is believed even where the bytes could be UTF-8`() throws {
        let text = "MSH|^~\\&|||||||ADT^A28|1|P|2.4||||||8859/1\rPID|||||é"
        #expect(try HL7Message.parse(Array(text.utf8)).values("PID-5") == ["Ã©"])
    }

    @Test func `limits and NUL bytes are refused`() {
        #expect(refusal(Array("MSH|^~\\&|||||||ADT^A28|\u{0}".utf8))?.code == .notParseable)
        #expect(throws: DocumentError.self) { try HL7Message.parse(Array(referral[0].utf8), limits: Limits(bytes: 10)) }
        #expect(throws: DocumentError.self) {
            try HL7Message.parse(Array(referral.joined(separator: "\r").utf8), limits: Limits(nodes: 30))
        }
    }

    @Test func `a message of nothing but separators is refused`() {
        let bars = String(repeating: "|", count: 1_100_000)
        #expect(refusal(Array("MSH|^~\\&|||||||ADT^A28|1|P|2.4\rPID\(bars)".utf8))?.code == .tooLarge)
    }

    @Test func `a message cut off anywhere is read or refused with the segment`() {
        let text = referral.joined(separator: "\r")
        for bytes in Hostile.truncations(of: text) {
            do {
                let message = try HL7Message.parse(bytes)
                #expect(message.values("MSH-9.1").count == 1)
            } catch {
                #expect(error.code == .notParseable)
                #expect(bytes.isEmpty || error.path.hasPrefix("segment"))
            }
        }
    }

    @Test func `noise and damaged messages are read or refused`() {
        let text = referral.joined(separator: "\r")
        let noise = Hostile.noise(alphabet: "MSH|^~\\&PIDNTE\r\n\u{0B}\u{1C}X0AFbr.\"", count: 800, seed: 3)
            .map { Array("MSH|^~\\&|||||||A^B|1\rPID".utf8) + $0 }
        var read = 0
        for bytes in noise + Hostile.mutations(of: text, count: 800, seed: 4) {
            for part in HL7Message.split(bytes) {
                guard let message = try? HL7Message.parse(part) else { continue }
                read += 1
                for segment in message.segments {
                    for number in 0...segment.count + 1 {
                        let field = segment.field(number)
                        _ = (
                            field.text, field.whole, field.component(2).subcomponent(2).text,
                            field.components.map(\.text)
                        )
                    }
                }
            }
        }
        #expect(read > 500)
    }
}

import Testing
import Translation

struct HL7WriterTests {
    private func text(_ writer: HL7Writer) -> String { String(decoding: writer.bytes, as: UTF8.self) }

    @Test func `a message is written by position with its header filled in`() {
        var writer = HL7Writer()
        writer.set("MSH-3", to: "LACHUB")
        writer.set("MSH-9.1", to: "REF")
        writer.set("MSH-9.2", to: "I12")
        writer.append("PID")
        writer.set("PID-1", to: "1")
        writer.set("PID-3(1).1", to: "9990000018")
        writer.set("PID-3(1).5", to: "NH")
        writer.set("PID-3(2).4.2", to: "x")
        writer.append("NTE", "1", "", "first")
        writer.append("NTE", "2", "", "second")
        #expect(
            text(writer)
                == [
                    #"MSH|^~\&|LACHUB||||||REF^I12|||||||||UNICODE UTF-8"#, "PID|1||9990000018^^^^NH~^^^&x",
                    "NTE|1||first",
                    "NTE|2||second", "",
                ].joined(separator: "\r"))
    }

    @Test func `delimiters and line breaks in a value are escaped`() {
        var writer = HL7Writer()
        writer.append("NTE", "1", "", "a|b^c&d~e\\f\r\ng")
        #expect(text(writer).hasSuffix(#"NTE|1||a\F\b\S\c\T\d\R\e\E\f\.br\g"# + "\r"))
    }

    @Test func `empty trailing parts are dropped and empty leading parts kept`() {
        var writer = HL7Writer()
        writer.append("PID", "", "x", "", "")
        writer.set("PID-3.2.2", to: "")
        writer.append("PV1")
        #expect(text(writer).hasSuffix("\rPID||x\rPV1\r"))
    }

    @Test func `a path names the last segment of its name and opens one when there is none`() {
        var writer = HL7Writer()
        writer.append("NTE", "1")
        writer.append("NTE", "2")
        writer.set("NTE-3", to: "x")
        writer.set("PID-1", to: "1")
        writer.set("-2", to: "y")
        #expect(text(writer).hasSuffix("\rNTE|1\rNTE|2||x\rPID|1|y\r"))
    }

    @Test func `an occurrence names its segment and opens those before it`() {
        var writer = HL7Writer()
        writer.set("NK1(2)-1", to: "b")
        writer.set("NK1(1)-1", to: "a")
        writer.set("NK1-2", to: "c")
        #expect(text(writer).hasSuffix("\rNK1|a\rNK1|b|c\r"))
    }

    @Test func `delimiters and character set are not the caller's to change`() {
        var writer = HL7Writer()
        for path in ["MSH-1", "MSH-2", "MSH-18"] as [HL7Path] { writer.set(path, to: "x") }
        #expect(text(writer) == #"MSH|^~\&||||||||||||||||UNICODE UTF-8"# + "\r")
    }

    @Test func `what is written is read back`() throws {
        let values = ["a|b", "^", "~~", "\\", "\\F\\", "&\n", "\"\"", "Zoë 😀", "\tx"]
        var writer = HL7Writer()
        writer.set("MSH-9.1", to: "ADT")
        writer.append("ZZZ")
        for (index, value) in values.enumerated() {
            writer.set(try #require(HL7Path("ZZZ-2.\(index + 1).2")), to: value)
        }
        let message = try HL7Message.parse(writer.bytes)
        #expect(message.pieces("ZZZ-2")[0].components.map { $0.subcomponent(2).text } == values)
    }

    @Test func `a field copied from other delimiters keeps its parts`() throws {
        let message = try HL7Message.parse(Array("MSH#*!@%#A*1%2!B#X#Y###ADT*A28#1".utf8))
        var writer = HL7Writer()
        writer.set("MSH-5", to: message.segments[0].field(3))
        #expect(text(writer).hasPrefix(#"MSH|^~\&|||A^1&2~B|"#))
    }
}

import Testing
import Translation

struct HL7MessageSplitTests {
    private let one = "MSH|^~\\&|A||||||ADT^A28|1|P|2.4\rPID|1\r"
    private let two = "MSH|^~\\&|B||||||ADT^A31|2|P|2.4\rPID|2\r"

    private func split(_ text: String) -> [String] {
        HL7Message.split(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `messages that follow one another are parted`() {
        #expect(split(one + two) == [one, two])
        #expect(split("\n" + one + "\n\n" + two) == [one + "\n\n", two])
    }

    @Test func `frames are parted and taken off`() {
        let framed = MLLP.frame(Array(one.utf8)) + MLLP.frame(Array(two.utf8))
        #expect(HL7Message.split(framed) == [Array(one.utf8), Array(two.utf8)])
    }

    @Test func `a batch loses its headers and trailers`() {
        #expect(split("FHS|^~\\&|X\rBHS|^~\\&|X\r\(one)\(two)BTS|2\rFTS|1\r") == [one, two])
    }

    @Test func `one message stays as it is, a byte order mark apart`() {
        #expect(split(one) == [one])
        #expect(split("\u{FEFF}" + one) == [one])
    }

    @Test(arguments: ["", "PID|1", "nothing here\r\n", "MSHX|1"])
    func `bytes in which no message begins come back whole`(text: String) {
        #expect(split(text) == [text])
    }

    @Test func `a note that speaks of MSH does not part the message`() {
        let text = "MSH|^~\\&|A||||||ADT^A28|1\nNTE|1||see\nMSH is what it is\nMSHA|x\n"
        #expect(split(text) == [text])
    }

    @Test func `a vertical tab in a text is no frame`() {
        let text = "MSH|^~\\&|A||||||ADT^A28|1\rNTE|1||a\u{0B}b\r"
        #expect(split(text) == [text])
    }
}

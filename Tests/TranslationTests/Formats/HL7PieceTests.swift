import Testing
import Translation

struct HL7PieceTests {
    private func field(_ text: String, _ segment: String = "ZZZ", _ number: Int = 1) throws -> HL7Piece {
        let lead = String(repeating: "|", count: number)
        let message = try HL7Message.parse(Array("MSH|^~\\&|||||||A^B|1\r\(segment)\(lead)\(text)".utf8))
        return message.segments[1].field(number)
    }

    @Test func `a field falls into repetitions, components and subcomponents`() throws {
        let field = try field("a&b^c~d")
        #expect(field.repetitions.map(\.whole) == ["a&b^c", "d"])
        #expect(field.components.map(\.whole) == ["a&b", "c"])
        #expect(field.subcomponents.map(\.whole) == ["a", "b"])
        #expect(field.repetitions[1].component(1).subcomponent(1).text == "d")
    }

    @Test func `an absent part is an empty piece`() throws {
        let field = try field("a")
        #expect(field.component(2).isEmpty && field.subcomponent(2).isEmpty)
        #expect(field.component(2).subcomponent(1).isEmpty)
        #expect(field.component(1).text == "a" && field.component(1).subcomponent(1).text == "a")
        #expect(field.component(0).text == "a")
    }

    @Test func `an empty field has one empty repetition`() throws {
        let field = try field("")
        #expect(field.repetitions.count == 1 && field.isEmpty && field.text == "")
    }

    @Test func `free text has repetitions but no components`() throws {
        let note = try field("a^b~c", "NTE", 3)
        #expect(note.repetitions.map(\.text) == ["a^b", "c"])
        #expect(note.text == "a^b")
        #expect(note.component(1).text == "a^b" && note.component(2).isEmpty)
        #expect(note.whole == "a^b~c")
    }
}

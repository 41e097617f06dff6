import Testing
import Translation

struct HL7SegmentTests {
    private func segments(_ lines: String...) throws -> [HL7Segment] {
        let text = "MSH|^~\\&|||||||ADT^A28|1|P|2.4\r" + lines.joined(separator: "\r")
        return try HL7Message.parse(Array(text.utf8)).segments
    }

    @Test func `fields are numbered from one and those beyond the line are empty`() throws {
        let segment = try segments("ZU1|a||c|")[1]
        #expect(segment.name == "ZU1" && segment.number == 2 && segment.count == 4)
        #expect((0...6).map { segment.field($0).text } == ["", "a", "", "c", "", "", ""])
        #expect(segment.field(-1).isEmpty)
    }

    @Test func `a name alone is a segment without fields`() throws {
        let segment = try segments("PV1")[1]
        #expect(segment.name == "PV1" && segment.count == 0)
        #expect(segment.field(1).isEmpty && segment.values("-1") == [])
    }

    @Test func `a relative path names fields of the segment in hand`() throws {
        let segment = try segments("NK1|1|A^B~C^D")[1]
        #expect(segment.values("-2.1") == ["A", "C"])
        #expect(segment.values("-2(2).2") == ["D"])
        #expect(segment.pieces("NK1").isEmpty)
    }
}

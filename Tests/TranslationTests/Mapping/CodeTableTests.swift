import Referral
import Testing

@testable import Translation

struct CodeTableTests {
    private let table = try? CodeTable([
        .init(code: "S", meaning: "urgent"), .init(code: "not known", meaning: "nothing"),
        .init(code: "R", meaning: "routine"),
    ])

    @Test func `codes are compared without regard to case and spaces around them`() {
        #expect(table?.answer(for: " s ") == .meaning("urgent"))
        #expect(table?.answer(for: "Not Known") == .nothing)
        #expect(table?.answer(for: "X") == .unknown)
    }

    @Test func `a star stands for every other code`() throws {
        let table = try CodeTable([.init(code: "a", meaning: "b"), .init(code: "*", meaning: "other")])
        #expect(table.answer(for: "a") == .meaning("b"))
        #expect(table.answer(for: "z") == .meaning("other"))
        #expect(table.possible == ["b", "other"])
    }
}

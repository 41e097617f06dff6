import Testing

@testable import Console

@Suite struct TextTableTests {
    private let table = TextTable(
        ["id", "died_at", "text"], [["1", "12:00", "no answer within thirty seconds"], ["22", "", "x"]])

    @Test(arguments: [nil, 60, 45]) func `what fits is one line for each row`(width: Int?) {
        #expect(
            table.lines(width: width) == [
                "ID  DIED AT  TEXT", "1   12:00    no answer within thirty seconds", "22           x",
            ])
    }

    @Test func `the last column goes on in the next line`() {
        #expect(
            table.lines(width: 38) == [
                "ID  DIED AT  TEXT", "1   12:00    no answer within thirty", "             seconds", "22           x",
            ])
    }

    @Test func `where that leaves too little, each row is a block`() {
        #expect(
            table.lines(width: 34) == [
                "ID       1", "DIED AT  12:00", "TEXT     no answer within thirty", "         seconds", "",
                "ID       22",
                "TEXT     x",
            ])
    }

    @Test(arguments: [10, 24, 40, 80]) func `no line of a wide terminal is longer than it, and nothing is lost`(
        width: Int
    ) {
        let words = "a referral that nobody_has_seen_before_in_all_the_time_that_there_was and more"
        let parts = TextTable.wrapped(words, to: width)
        #expect(parts.allSatisfy { $0.count <= width })
        #expect(parts.joined().filter { $0 != " " } == words.filter { $0 != " " })
    }

    @Test func `a table without rows is its heading, and one without columns nothing`() {
        #expect(TextTable(["id"], []).lines(width: 3) == ["ID"] && TextTable([], []).lines() == [])
    }
}

import Testing

@testable import Channels

@Suite struct DropClaimTests {
    @Test(arguments: [
        ("001795340000-000012", "001795340000-000012", 0), ("001795340000-000012.try1", "001795340000-000012", 1),
        ("001795340000-000012.try9", "001795340000-000012", 9),
        ("001795340000-000012.try0", "001795340000-000012.try0", 0),
        ("something else", "something else", 0), (".try1", ".try1", 0),
    ]) func `a folder's name tells the claim and its attempts`(folder: String, id: String, attempts: Int) {
        let claim = DropClaim(FileName(folder))
        #expect(claim.id == FileName(id) && claim.attempts == attempts && claim.folder == FileName(folder))
    }

    @Test func `claims stand in the order in which they were made, whatever was tried`() {
        let first = DropClaim(time: 1_795_340_000, number: 2)
        var second = DropClaim(time: 1_795_340_000, number: 10)
        second.attempts = 1
        let third = DropClaim(time: 1_795_340_001, number: 0)
        #expect([third, second, first].sorted() == [first, second, third])
        #expect(second.folder == FileName("001795340000-000010.try1"))
        #expect(second.number(at: 1_795_340_000) == 10 && second.number(at: 1_795_340_001) == nil)
    }
}

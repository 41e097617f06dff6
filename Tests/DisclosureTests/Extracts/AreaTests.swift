import Disclosure
import Testing

@Suite struct AreaTests {
    @Test(arguments: [
        ("E01013449", "E05001771", true), ("E01013449", "Arboretum", false), ("DE1 2FS", "E05001771", false),
        ("e01013449", "E05001771", false), ("", "", false), ("E0101344", "E05001771", false),
    ])
    func `only codes of nine characters are areas`(lsoa: String, ward: String, isArea: Bool) {
        #expect((Area(lsoa: lsoa, ward: ward) != nil) == isArea)
    }

    @Test func `an area is found by its postcode, however that was written`() throws {
        var table = AreaTable()
        let area = try #require(Area(lsoa: "E01013449", ward: "E05001771"))
        let isTaken = ["de14ab", "no postcode"].map { table.insert(area, at: $0) }
        #expect(isTaken == [true, false])
        #expect(table["DE1 4AB"] == area)
        #expect(table["DE1 4AD"] == nil)
    }
}

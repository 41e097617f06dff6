import Postgres
import Testing

struct UUIDValueTests {
    @Test func `text is read in either case and written in lower case`() {
        let value = UUIDValue("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6")
        #expect(value?.description == "f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
        #expect(value?.bytes.prefix(4) == [0xF8, 0x1D, 0x4F, 0xAE])
        #expect(value == value.flatMap { UUIDValue(bytes: $0.bytes) })
    }

    @Test(arguments: [
        "", "f81d4fae7dec11d0a76500a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bfg",
        "f81d4fae-7dec-11d0-a76500-a0c91e6bf6", "{f81d4fae-7dec-11d0-a765-00a0c91e6bf}",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bé",
    ])
    func `other text is refused`(text: String) {
        #expect(UUIDValue(text) == nil)
    }

    @Test func `version and variant are those of RFC 9562`() {
        #expect(UUIDValue.random().bytes[6] >> 4 == 4)
        #expect(UUIDValue.v7().bytes[6] >> 4 == 7)
        #expect(UUIDValue.random().bytes[8] >> 6 == 2)
        #expect(UUIDValue.v7().bytes[8] >> 6 == 2)
    }

    @Test func `version 7 rises, also from many threads, and begins with the time`() async {
        let before = Timestamp.now().microseconds / 1000
        let series = await withTaskGroup(of: [UUIDValue].self) { group in
            for _ in 0..<4 { group.addTask { (0..<2000).map { _ in UUIDValue.v7() } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for values in series { #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 }) }
        #expect(Set(series.joined()).count == 8000)
        let milliseconds = series[0][0].bytes.prefix(6).reduce(0) { $0 << 8 | Int64($1) }
        #expect(milliseconds >= before && milliseconds <= before + 60_000)
    }

    @Test func `the least of a time is not after what is made then, and after what was made before`() async throws {
        let before = UUIDValue.v7()
        try await Task.sleep(for: .milliseconds(2))
        let least = UUIDValue.leastV7(at: .now())
        #expect(before < least && least < UUIDValue.v7())
        #expect(UUIDValue.leastV7(at: Timestamp(microseconds: -1)) == UUIDValue.leastV7(at: Timestamp(microseconds: 0)))
    }

    @Test func `fifteen bytes are no UUID`() {
        #expect(UUIDValue(bytes: [UInt8](repeating: 0, count: 15)) == nil)
    }
}

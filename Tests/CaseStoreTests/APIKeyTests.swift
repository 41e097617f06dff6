import Testing

@testable import CaseStore

@Suite struct APIKeyTests {
    @Test func `keys are new each time, of 52 signs of which each may be any of 32`() {
        let secrets = (0..<1_000).map { _ in Array(APIKey().secret) }
        #expect(Set(secrets).count == 1_000 && secrets.allSatisfy { $0.count == 52 })
        for place in 0..<52 { #expect(Set(secrets.map { $0[place] }).count == 32) }
        #expect(Set((0..<1_000).map { _ in APIKey().prefix }).count == 1_000)
    }
}

import MessageQueue
import Testing

struct BackOffTests {
    let backOff = BackOff(base: .seconds(1), cap: .seconds(60))

    @Test(arguments: zip([1, 2, 3, 6, 7, 100, Int.max], [1, 2, 4, 32, 60, 60, 60]))
    func `the ceiling doubles up to the cap`(attempt: Int, seconds: Int) {
        #expect(backOff.ceiling(afterAttempt: attempt) == .seconds(seconds))
    }

    @Test func `an attempt below one counts as the first`() {
        #expect(backOff.ceiling(afterAttempt: 0) == .seconds(1))
        #expect(backOff.ceiling(afterAttempt: .min) == .seconds(1))
    }

    @Test func `waits fill the whole range below the ceiling`() {
        var generator = SplitMix(state: 1)
        let waits = (0..<1000).map { _ in backOff.delay(afterAttempt: 4, using: &generator) }
        #expect(waits.allSatisfy { (.zero ... .seconds(8)).contains($0) })
        for quarter in 0..<4 {
            let range = Duration.seconds(2 * quarter) ..< .seconds(2 * quarter + 2)
            #expect((150...350).contains(waits.count { range.contains($0) }))
        }
    }
}

/// A generator with a seed (https://prng.di.unimi.it/splitmix64.c).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

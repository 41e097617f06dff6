import Dispatch

/// The clock by which the ends of a measurement on one machine can be held against each other: `CLOCK_MONOTONIC`.
enum MonotonicClock {
    static var nanoseconds: UInt64 { DispatchTime.now().uptimeNanoseconds }
}

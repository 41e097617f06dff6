import CaseStore
import Channels
import MessageQueue

/// What comes after an attempt to deliver something: for the ledger, and for the message that had it sent.
struct AttemptEnding: Sendable {
    enum Next: Sendable {
        /// The message is done with.
        case over
        case again(Cause, after: Duration?)
        /// A person must act.
        case givenUp(Cause)
    }

    /// As it is counted.
    let name: String
    let outcome: ReleaseOutcome
    let next: Next

    /// - Parameter mayRepeat: Whether it may be sent again when it is unknown whether it arrived.
    init(_ delivery: DeliveryOutcome, mayRepeat: Bool) {
        switch delivery {
        case .delivered(let reference):
            (name, outcome, next) = ("delivered", .delivered(reference: reference), .over)
        case .duplicate(let reference):
            (name, outcome, next) = ("duplicate", .delivered(reference: reference), .over)
        case .retryable(let code, let text, let after):
            (name, outcome, next) = (
                "retryable", .retry(code: code), .again(Cause(code: code, text: text), after: after)
            )
        case .rejected(let code, let text):
            (name, outcome, next) = ("rejected", .rejected(code: code), .givenUp(Cause(code: code, text: text)))
        case .unknown(let code, let text):
            let cause = Cause(code: code, text: text)
            (name, outcome) = ("unknown", .unknown(code: code))
            next = mayRepeat ? .again(cause, after: nil) : .givenUp(.outcomeUnknown)
        }
    }
}

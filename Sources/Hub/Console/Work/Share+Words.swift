import CaseStore
import Disclosure

extension Share {
    /// Why it waits, or how it ended, in sentences.
    var reasonsInWords: [String] {
        switch state {
        case .parked:
            return [failure, reason == failure ? nil : reason].compactMap { $0.flatMap(ShareState.reason(forParking:)) }
        case .refused, .cancelled, .failed:
            switch failure {
            case "not_approved": return ["A named person did not let it go."]
            case "taken_back": return ["It was taken back."]
            default: break
            }
            // What stopped a share may be something else than the decision about what the person agreed to.
            let code = failure ?? (state == .refused ? reason : nil)
            guard let reason = code.flatMap(ReasonCode.init) else { return [] }
            return ["As the person is told: “\(reason.explanation)”"]
        case .requested, .queued, .sending, .delivered: return []
        }
    }
}

import Hummingbird
import Logging

/// Keeps account of callers who were not let in, or were refused what they may not do: a figure of each, and a line in the
/// log of so many that nobody can fill it.
struct Refusals: Sendable {
    private let metrics: Metrics
    private let lines = AddressLimit(.init(perSecond: 1, burst: 20))

    init(_ metrics: Metrics) {
        self.metrics = metrics
    }

    /// - Parameters:
    ///   - code: Why, as the figure has it.
    ///   - facts: Who and what, by ids and code words alone.
    func note(_ code: String, _ context: ExchangeContext, _ facts: [String: String] = [:]) {
        metrics.count(.refusedRequests, code)
        let address = context.remoteAddress?.ipAddress ?? ""
        guard lines.admit(address) == nil else { return }
        var metadata: Logger.Metadata = ["code": "\(code)", "address": "\(address)"]
        for (name, value) in facts { metadata[name] = "\(value)" }
        context.logger.warning("a caller was refused", metadata: metadata)
    }
}

import FoundationEssentials
import Translation

/// A conversation with a GovTalk gateway that has begun: what is needed to go on with it, after a restart too.
///
/// It is kept as the delivery's reference, so it must be short and harmless: ``reference`` is `CORRELATIONID;INTERVAL;PATH`.
struct GovTalkConversation: Sendable, Hashable {
    var correlationID: String
    /// Seconds that the gateway wants to be left alone between two polls.
    var interval: Int
    /// Where polls go on the configured server; nil for the configured address.
    var path: String?

    /// What the gateway's acknowledgement of a submission begins; nil when it names no conversation.
    ///
    /// - Parameter url: the configured address. An endpoint on another server is not gone to: nobody agreed to that.
    init?(_ answer: GovTalkAnswer, configured url: String) {
        guard let correlationID = answer.correlationID else { return nil }
        self.correlationID = correlationID
        interval = answer.pollInterval ?? 0
        path = answer.endpoint.flatMap { Self.path(of: $0, on: url) }
    }

    init?(reference: String) {
        let parts = reference.split(separator: ";", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, let interval = Int(parts[1]), interval >= 0 else { return nil }
        correlationID = String(parts[0])
        self.interval = interval
        path = parts[2].isEmpty ? nil : String(parts[2])
    }

    var reference: String { "\(correlationID);\(interval);\(path ?? "")" }

    /// Where the conversation goes on.
    func address(configured url: String) -> String {
        guard let path, let server = Self.server(of: url) else { return url }
        return server + path
    }

    private static func path(of endpoint: String, on url: String) -> String? {
        guard let theirs = server(of: endpoint), let ours = server(of: url), theirs == ours,
            var components = URLComponents(string: endpoint)
        else { return nil }
        components.scheme = nil
        components.host = nil
        components.port = nil
        components.fragment = nil
        guard let path = components.string, path.hasPrefix("/"), path.utf8.count <= 120,
            path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ";") })
        else { return nil }
        return path
    }

    /// `https://host:port`.
    private static func server(of url: String) -> String? {
        guard let components = URLComponents(string: url), let scheme = components.scheme, let host = components.host,
            components.user == nil, components.password == nil
        else { return nil }
        return "\(scheme)://\(host.lowercased()):\(components.port ?? 443)"
    }
}

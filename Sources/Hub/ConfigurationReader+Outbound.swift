import Translation
import Yams

extension ConfigurationReader {
    /// The kinds of endpoint by their words, each with the channel of the adapters that it serves.
    private static let kinds: [(word: String, channel: Outbound.Channel)] = [
        ("https", .httpsMTLS), ("govtalk", .httpsMTLS), ("bars", .httpsMTLS), ("mesh", .mesh), ("mllp", .mllp),
        ("sftp", .sftp), ("folder", .sftp),
        ("smime_email", .smimeEmail), ("tls_email", .tlsEmail), ("cjsm_email", .cjsmEmail),
        ("nfi_web", .nfiWeb), ("portal", .portal),
    ]

    /// The endpoints below `outbound`, by partner and channel.
    mutating func outbound(_ node: Node?) -> [String: [Outbound.Channel: Configuration.Endpoint]] {
        guard let node else { return [:] }
        var endpoints: [String: [Outbound.Channel: Configuration.Endpoint]] = [:]
        let words = Self.kinds.map(\.word)
        for (partner, node) in mapping(node, "outbound") {
            let key = "outbound.\(partner)"
            let map = mapping(node, key)
            only(map, key, words)
            var own: [Outbound.Channel: Configuration.Endpoint] = [:]
            for (word, channel) in Self.kinds {
                guard let node = map[word] else { continue }
                if own[channel] != nil { problem(node, "\(key).\(word)", "stands beside another way for its channel") }
                own[channel] = endpoint(word, node, "\(key).\(word)", of: partner)
            }
            if own.isEmpty { problem(node, key, "names no channel: give one of \(words.joined(separator: ", "))") }
            endpoints[partner] = own
        }
        return endpoints
    }

    private mutating func endpoint(
        _ word: String, _ node: Node, _ key: String, of partner: String
    ) -> Configuration.Endpoint? {
        switch word {
        case "https": .https(https(node, key))
        case "govtalk": .govTalk(govTalk(node, key))
        case "bars": .bars(bars(node, key))
        case "mesh": .mesh(mesh(node, key))
        case "sftp": .sftp(sftp(node, key))
        case "folder": .folder(pickupFolder(node, key, of: partner))
        case "smime_email": .mail(encryptedMail(node, key))
        case "tls_email": .mail(assuredMail(node, key))
        case "cjsm_email": .mail(criminalJusticeMail(node, key))
        case "nfi_web": .exercise(exercise(node, key))
        case "portal": portal(node, key)
        case "mllp": .mllp(mllpEndpoint(node, key))
        default: nil
        }
    }
}

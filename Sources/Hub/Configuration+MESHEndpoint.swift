package import Channels
package import Translation

extension Configuration {
    /// A MESH mailbox to send from and the mailbox to send to (NHS interfaces, section 1).
    package struct MESHEndpoint: Sendable {
        package var url: String
        package var mailbox: String
        package var recipientMailbox: String
        /// The workflow ids agreed with the partner, by the names that its adapter has for them.
        package var workflows: MESHWorkflows
        package var password: SecretReference
        package var sharedKey: SecretReference
        package var authority: String?
        package var certificate: String?
        package var privateKey: String?
        package var timeout: Duration = .seconds(30)

        /// The client of our mailbox there.
        ///
        /// - Throws: ``ConfigurationError`` or `ChannelConfigurationError`.
        func client() throws -> MESHClient {
            try MESHClient(
                configuration: .init(
                    baseURL: url, mailbox: mailbox, password: try password.resolve(),
                    sharedKey: try sharedKey.resolve(),
                    tls: TLSFiles(
                        certificateAuthority: authority, certificate: certificate, key: privateKey,
                        minimumVersion: .tls12),
                    requestTimeout: timeout))
        }

        /// Where the workflow ids do not fit what an adapter sends: a document without one would never leave, and one under
        /// another's would be taken for something else.
        ///
        /// - Parameter key: The endpoint's own, as `outbound.uhdb.mesh`.
        package func problems(with adapter: Adapter, at key: String) -> [ConfigurationError.Problem] {
            let sent = adapter.outbound.filter { $0.channel == .mesh }
            let names = Set(sent.compactMap(\.workflow)).sorted()
            switch workflows {
            case .one:
                guard names.count > 1 else { return [] }
                let text =
                    "is one id, but the adapter sends documents of \(names.count) kinds: give `workflows`, an id for each "
                    + "of \(names.joined(separator: ", "))"
                return [.init(line: nil, key: "\(key).workflow", text: text)]
            case .named(let ids):
                let unknown = ids.keys.filter { !names.contains($0) }.sorted().map { name in
                    ConfigurationError.Problem(
                        line: nil, key: "\(key).workflows.\(name)",
                        text: "is no name of the adapter's; it has \(names.joined(separator: ", "))")
                }
                let missing = names.filter { ids[$0] == nil }.map { name in
                    let purposes = sent.filter { $0.workflow == name }.map(\.purpose).joined(separator: ", ")
                    return ConfigurationError.Problem(
                        line: nil, key: "\(key).workflows.\(name)",
                        text: "is missing: the adapter sends \(purposes) under it")
                }
                return unknown + missing
            }
        }
    }
}

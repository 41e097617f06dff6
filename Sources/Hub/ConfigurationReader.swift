import CaseStore
import Channels
import NIOCore
import Postgres
import Referral
import Yams

/// Reads a ``Configuration`` out of YAML, collecting every problem instead of stopping at the first.
struct ConfigurationReader {
    private let folder: String
    private(set) var problems: [ConfigurationError.Problem] = []
    /// The secrets of which an end is known.
    private var secretEnds: [Ending] = []
    private var secretFiles: [String] = []

    private init(folder: String) {
        self.folder = folder
    }

    /// The configuration in `text`; relative paths are taken from `folder`.
    static func read(_ text: String, folder: String) throws(ConfigurationError) -> Configuration {
        let root: Node
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw ConfigurationError(problems: [.init(line: nil, key: "file", text: "is empty")])
            }
            root = node
        } catch let error as ConfigurationError {
            throw error
        } catch {
            // The library's own text quotes the line, which may hold a secret that was written there by mistake.
            throw ConfigurationError(problems: [.init(line: Self.line(of: error), key: "file", text: "is not YAML")])
        }
        var reader = ConfigurationReader(folder: folder)
        var configuration = reader.configuration(root)
        configuration.secretEnds = reader.secretEnds.sorted { $0.about < $1.about }
        configuration.secretFiles = reader.secretFiles
        guard reader.problems.isEmpty else { throw ConfigurationError(problems: reader.problems) }
        return configuration
    }

    private static func line(of error: any Error) -> Int? {
        switch error as? YamlError {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: nil
        }
    }

    private mutating func configuration(_ root: Node) -> Configuration {
        let map = mapping(root, "file")
        only(
            map, "",
            [
                "environment", "organisation", "data", "database", "adapters", "policy", "keys", "listen", "limits",
                "admin", "drop", "mllp", "bars", "outbound", "intake", "dispatch", "public_form", "staff_form",
                "console", "mesh",
                "clamav",
                "mail", "status", "emergency", "staff_provider", "key_store",
            ]
        )
        let data = path(map, "data") ?? folder + "/data"
        let environment = environment(map)
        return Configuration(
            environment: environment,
            organisation: organisation(map),
            dataFolder: data,
            database: map["database"].flatMap { node in
                let database = mapping(node, "database")
                only(database, "database", ["url", "connections"])
                return database["url"].flatMap { secret($0, "database.url") }
            },
            databaseConnections: map["database"].flatMap { node in
                integer(mapping(node, "database"), "connections", "database", 1...64)
            },
            adapters: path(map, "adapters") ?? folder + "/adapters",
            policyFile: path(map, "policy"),
            keyFile: section(map, "keys", ["installation"]).flatMap { keyFile($0) }
                ?? data + "/keys/installation.key",
            keyStore: map["key_store"].map { keyStore($0) },
            partnerListener: map["listen"].map { partnerListener($0) }
                ?? .init(host: "127.0.0.1", port: 8443),
            limits: limits(map),
            publicForm: map["public_form"].map { publicForm($0) },
            servesStaffForm: flag(map, "staff_form"),
            servesConsole: flag(map, "console"),
            staffProvider: map["staff_provider"].map { staffProvider($0, listener: map["listen"]) },
            adminListener: map["admin"].map { adminListener($0) },
            dropFolder: path(map, "drop"),
            mail: map["mail"].map { mail($0) },
            scanner: map["clamav"].flatMap { scanner($0) },
            meshMailboxes: map["mesh"].map { meshMailboxes($0, mayHurry: environment == .test) } ?? [],
            mllp: mllp(map["mllp"]),
            barsServices: section(map, "bars", ["services"]).map { bars in
                let services = texts(bars, "services", "bars")
                if services.isEmpty { problem(map["bars"], "bars.services", "is missing: list our service ids") }
                return services
            } ?? [],
            emergency: map["emergency"].map { emergency($0, data: data, listener: map["listen"]) },
            outbound: outbound(map["outbound"]),
            status: status(map["status"]),
            intakeConcurrency: section(map, "intake", Self.intakeKeys).flatMap {
                integer($0, "concurrency", "intake", 1...256)
            } ?? 32,
            intakeWait: .seconds(
                60
                    * (section(map, "intake", Self.intakeKeys).flatMap {
                        integer($0, "wait_minutes", "intake", 0...10_080)
                    } ?? 240)),
            keepFileDays: section(map, "intake", Self.intakeKeys).flatMap {
                integer($0, "keep_file_days", "intake", 1...3650)
            } ?? 30,
            dispatchConcurrency: section(map, "dispatch", ["concurrency"]).flatMap {
                integer($0, "concurrency", "dispatch", 1...256)
            } ?? 16
        )
    }

    private static let intakeKeys = ["concurrency", "wait_minutes", "keep_file_days"]

    private mutating func environment(_ map: [String: Node]) -> HubEnvironment {
        guard let text = string(map, "environment", "") else {
            problem(nil, "environment", "is missing: say test or production")
            return .production
        }
        guard let environment = HubEnvironment(rawValue: text) else {
            problem(map["environment"], "environment", "must be test or production")
            return .production
        }
        return environment
    }

    private mutating func organisation(_ map: [String: Node]) -> Configuration.Organisation {
        guard let node = map["organisation"] else {
            problem(nil, "organisation", "is missing: give id and name")
            return .init(id: "", name: "")
        }
        let organisation = mapping(node, "organisation")
        only(organisation, "organisation", ["id", "name", "ods"])
        return .init(
            id: required(organisation, "id", "organisation", node),
            name: required(organisation, "name", "organisation", node),
            ods: string(organisation, "ods", "organisation")
        )
    }

    private mutating func partnerListener(_ node: Node) -> Configuration.Listener {
        let (map, key) = (mapping(node, "listen"), "listen")
        var listener = listener(node, key, port: 8443, also: ["client_certificates", "client_ca", "url"])
        listener.asksForCertificates = truth(map, "client_certificates", key)
        listener.clientAuthority = path(map, "client_ca")
        if listener.asksForCertificates, listener.certificate == nil {
            problem(map["client_certificates"], "\(key).client_certificates", "needs TLS: give certificate and key")
        }
        if listener.clientAuthority != nil, !listener.asksForCertificates {
            problem(map["client_ca"], "\(key).client_ca", "has no meaning without client_certificates: true")
        }
        listener.url = string(map, "url", key)
        if let url = listener.url, !Self.isAddress(url) {
            problem(map["url"], "\(key).url", "must be https://HOST or https://HOST:PORT, without a path")
        }
        return listener
    }

    /// An origin (RFC 6454): scheme, host and port alone. Plain HTTP is this machine's.
    private static func isAddress(_ text: String) -> Bool {
        let isLocal = text.hasPrefix("http://127.0.0.1:") || text.hasPrefix("http://localhost:")
        guard text.hasPrefix("https://") || isLocal else { return false }
        let host = text.drop { $0 != ":" }.dropFirst(3)
        return !host.isEmpty
            && host.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".:-[]".contains($0)) }
    }

    private mutating func listener(
        _ node: Node, _ key: String, port: Int, also known: [String] = []
    ) -> Configuration.Listener {
        let map = mapping(node, key)
        only(map, key, ["host", "port", "certificate", "key"] + known)
        let listener = Configuration.Listener(
            host: string(map, "host", key) ?? "127.0.0.1",
            port: integer(map, "port", key, 0...65535) ?? port,
            certificate: path(map, "certificate"),
            privateKey: path(map, "key")
        )
        if (listener.certificate == nil) != (listener.privateKey == nil) {
            problem(node, key, "needs both certificate and key, or neither")
        }
        if listener.certificate == nil && !listener.isLoopback {
            problem(node, key, "speaks plain HTTP, which is allowed on loopback only: give certificate and key")
        }
        return listener
    }

    private mutating func limits(_ map: [String: Node]) -> Configuration.Limits {
        var limits = Configuration.Limits()
        guard let section = section(map, "limits", ["requests_per_second", "burst", "body_mebibytes"]) else {
            return limits
        }
        if let rate = integer(section, "requests_per_second", "limits", 1...1_000_000) {
            limits.rate = .init(perSecond: rate, burst: 2 * rate)
        }
        if let burst = integer(section, "burst", "limits", 1...1_000_000) { limits.rate.burst = burst }
        // One body of the longest at least, or the longest could never be taken.
        if let mebibytes = integer(section, "body_mebibytes", "limits", (ReferralRoutes.bodyLimit >> 20)...65_536) {
            limits.bodyBytes = mebibytes << 20
        }
        return limits
    }

    /// True or false; false when it is left out.
    private mutating func flag(_ map: [String: Node], _ key: String) -> Bool {
        guard let node = map[key] else { return false }
        guard let flag = node.bool else {
            problem(node, key, "must be true or false")
            return false
        }
        return flag
    }

    private mutating func publicForm(_ node: Node) -> Configuration.PublicForm {
        let (map, key) = (mapping(node, "public_form"), "public_form")
        only(map, key, ["phone", "email", "privacy_notice", "sends_per_hour", "behind_proxy"])
        var form = Configuration.PublicForm()
        form.phone = string(map, "phone", key)
        form.email = string(map, "email", key)
        form.privacyNotice = string(map, "privacy_notice", key)
        if let notice = form.privacyNotice, !notice.hasPrefix("https://") {
            problem(map["privacy_notice"], "\(key).privacy_notice", "must begin with https://")
        }
        if let sends = integer(map, "sends_per_hour", key, 1...10_000) { form.sendsPerHour = sends }
        if let node = map["behind_proxy"] {
            if let flag = node.bool {
                form.isBehindProxy = flag
            } else {
                problem(node, "\(key).behind_proxy", "must be true or false")
            }
        }
        return form
    }

    private mutating func scanner(_ node: Node) -> Configuration.Scanner? {
        let (map, key) = (mapping(node, "clamav"), "clamav")
        only(map, key, ["socket", "port", "timeout"])
        let socket = path(map, "socket").map { VirusScanner.Address.socket(path: $0) }
        let port = integer(map, "port", key, 1...65_535).map { VirusScanner.Address.port($0) }
        guard (socket == nil) != (port == nil), let address = socket ?? port else {
            problem(node, key, "needs a socket or a port of this machine, and not both")
            return nil
        }
        var scanner = Configuration.Scanner(address: address)
        if let seconds = integer(map, "timeout", key, 1...600) { scanner.timeout = .seconds(seconds) }
        return scanner
    }

    private mutating func adminListener(_ node: Node) -> Configuration.Listener {
        let listener = listener(node, "admin", port: 8444)
        if listener.certificate != nil && !listener.isLoopback {
            problem(node, "admin", "asks for no key, and so is for loopback only")
        }
        return listener
    }

    private mutating func mllp(_ node: Node?) -> [Configuration.MLLPListener] {
        guard let node else { return [] }
        guard let nodes = node.sequence else {
            problem(node, "mllp", "must be a list of listeners")
            return []
        }
        var listeners: [Configuration.MLLPListener] = []
        for (index, node) in nodes.enumerated() {
            let listener = mllpListener(node, "mllp[\(index)]")
            if listener.port != 0, listeners.contains(where: { $0.port == listener.port }) {
                problem(node, "mllp[\(index)].port", "is another listener's: each partner needs a port of its own")
            }
            listeners.append(listener)
        }
        return listeners
    }

    private mutating func mllpListener(_ node: Node, _ key: String) -> Configuration.MLLPListener {
        let map = mapping(node, key)
        only(
            map, key,
            ["partner", "host", "port", "certificate", "key", "ca", "clients", "plain_from", "connections"])
        if map["port"] == nil { problem(node, "\(key).port", "is missing") }
        var listener = Configuration.MLLPListener(
            partner: required(map, "partner", key, node), host: string(map, "host", key) ?? "127.0.0.1",
            port: integer(map, "port", key, 0...65535) ?? 0)
        if let connections = integer(map, "connections", key, 1...1000) { listener.connections = connections }
        listener.plainFrom = texts(map, "plain_from", key)
        for address in listener.plainFrom where (try? SocketAddress(ipAddress: address, port: 0)) == nil {
            problem(map["plain_from"], "\(key).plain_from", "must be a list of IP addresses")
        }
        let clients = texts(map, "clients", key)
        if let certificate = path(map, "certificate"), let privateKey = path(map, "key"),
            let authority = path(map, "ca"), !clients.isEmpty
        {
            listener.tls = .init(
                certificate: certificate, key: privateKey, authority: authority, clients: clients)
        } else if ["certificate", "key", "ca", "clients"].contains(where: { map[$0] != nil }) {
            problem(node, key, "needs certificate, key, ca and clients, or none of them")
        } else if listener.plainFrom.isEmpty && !Configuration.Listener.isLoopback(listener.host) {
            problem(
                node, key,
                "is plain and not on loopback: give certificate, key, ca and clients, or plain_from with the addresses "
                    + "of the partner")
        }
        if listener.tls != nil && !listener.plainFrom.isEmpty {
            problem(node, "\(key).plain_from", "has no meaning beside certificates")
        }
        return listener
    }

    // MARK: Leaves

    /// A reference to a secret; `{ from: REFERENCE, expires: DAY }` where its last day is known.
    mutating func secret(_ node: Node, _ key: String) -> SecretReference? {
        guard node.mapping != nil else { return reference(node, key) }
        let map = mapping(node, key)
        only(map, key, ["from", "expires"])
        if let last = day(map, "expires", key) {
            secretEnds.append(Ending(.secret, key, ends: Timestamp(microseconds: last.endOfDay * 1_000_000)))
        } else if map["expires"] == nil {
            problem(node, "\(key).expires", "is missing: give the last day, or the reference alone")
        }
        guard let from = map["from"] else {
            problem(node, "\(key).from", "is missing")
            return nil
        }
        return reference(from, "\(key).from")
    }

    private mutating func reference(_ node: Node, _ key: String) -> SecretReference? {
        if let text = node.string {
            if text.hasPrefix("file:") {
                let path = LocalFile.resolve(String(text.dropFirst(5)).trimmingSpaces, in: folder)
                secretFiles.append(path)
                return .file(path)
            }
            if text.hasPrefix("env:") { return .environment(String(text.dropFirst(4)).trimmingSpaces) }
        }
        problem(node, key, "is a secret: write file:PATH or env:NAME, never the secret itself")
        return nil
    }

    mutating func requiredSecret(
        _ map: [String: Node], _ name: String, _ key: String, _ parent: Node
    ) -> SecretReference {
        guard let node = map[name] else {
            problem(parent, "\(key).\(name)", "is missing")
            return .environment("")
        }
        return secret(node, "\(key).\(name)") ?? .environment("")
    }

    mutating func mapping(_ node: Node, _ key: String) -> [String: Node] {
        guard let pairs = node.mapping else {
            problem(node, key, "must be a mapping of keys to values")
            return [:]
        }
        var result: [String: Node] = [:]
        for (name, value) in pairs {
            guard let text = name.string else { continue }
            if result.updateValue(value, forKey: text) != nil { problem(name, "\(key).\(text)", "stands there twice") }
        }
        return result
    }

    mutating func section(_ map: [String: Node], _ name: String, _ known: [String]) -> [String: Node]? {
        guard let node = map[name] else { return nil }
        let section = mapping(node, name)
        only(section, name, known)
        return section
    }

    mutating func only(_ map: [String: Node], _ key: String, _ known: [String]) {
        for (name, node) in map where !known.contains(name) {
            let place = key.isEmpty ? name : "\(key).\(name)"
            problem(node, place, "is not known here; known are \(known.joined(separator: ", "))")
        }
    }

    mutating func string(_ map: [String: Node], _ name: String, _ key: String) -> String? {
        guard let node = map[name] else { return nil }
        guard let text = node.string, !text.isEmpty else {
            if node.null == nil { problem(node, key.isEmpty ? name : "\(key).\(name)", "must be text") }
            return nil
        }
        return text
    }

    mutating func texts(_ map: [String: Node], _ name: String, _ key: String) -> [String] {
        guard let node = map[name] else { return [] }
        guard let nodes = node.sequence, case let texts = nodes.compactMap(\.string), texts.count == nodes.count,
            !texts.contains("")
        else {
            problem(node, "\(key).\(name)", "must be a list of texts")
            return []
        }
        return texts
    }

    mutating func required(_ map: [String: Node], _ name: String, _ key: String, _ parent: Node) -> String {
        if let text = string(map, name, key) { return text }
        problem(map[name] ?? parent, "\(key).\(name)", "is missing")
        return ""
    }

    mutating func path(_ map: [String: Node], _ name: String) -> String? {
        string(map, name, "").map { LocalFile.resolve($0, in: folder) }
    }

    mutating func integer(
        _ map: [String: Node], _ name: String, _ key: String, _ range: ClosedRange<Int>
    ) -> Int? {
        guard let node = map[name] else { return nil }
        guard let number = node.int, range.contains(number) else {
            problem(node, "\(key).\(name)", "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func problem(_ node: Node?, _ key: String, _ text: String) {
        problems.append(.init(line: node?.mark?.line, key: key, text: text))
    }
}

extension Configuration {
    /// Reads and checks the configuration file at `path`.
    ///
    /// - Throws: ``ConfigurationError`` with every problem found.
    package static func load(_ path: String) throws(ConfigurationError) -> Configuration {
        guard let bytes = try? LocalFile.read(path), let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError(problems: [.init(line: nil, key: path, text: "cannot be read")])
        }
        // Absolute, because PostgreSQL's programs are started in folders of their own.
        let absolute = LocalFile.resolve(path, in: LocalFile.workingFolder())
        let folder = absolute.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return try ConfigurationReader.read(text, folder: folder.isEmpty ? "/" : folder)
    }

    /// Reads and checks configuration that is already in memory; `folder` is where relative paths start.
    package static func parse(_ text: String, folder: String) throws(ConfigurationError) -> Configuration {
        try ConfigurationReader.read(text, folder: folder)
    }
}

extension Configuration.Listener {
    /// Whether only this machine can reach it.
    fileprivate var isLoopback: Bool { Self.isLoopback(host) }

    fileprivate static func isLoopback(_ host: String) -> Bool { ["127.0.0.1", "::1", "localhost"].contains(host) }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

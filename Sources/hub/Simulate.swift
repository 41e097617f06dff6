import ArgumentParser
import Channels
import Glibc
import Hub
import Logging
import Simulators

/// `hub simulate`: partner systems for the demonstration and for load, each a process of its own.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a partner system of the demonstration; it speaks the real protocol.",
        discussion: "All persons are made up. Everything listens on loopback only.",
        subcommands: [
            Certificates.self, Senders.self, Workers.self, DerbyHomes.self, Mesh.self, Trust.self, Load.self,
            Cards.self, Bulk.self,
        ]
    )

    struct Certificates: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a small authority with a server and a client certificate, for loopback only."
        )
        @Option(help: "Where to: ca.pem, server.pem and .key, hub.pem and .key, trust.pem and .key.") var folder: String

        func run() async throws {
            try LocalFile.makeFolder(folder)
            try DemonstrationCertificates.make(
                in: folder, names: ["server": .server, "hub": .client, "trust": .client])
            Output.line("certificates written to \(folder)")
        }
    }

    struct Senders: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Five partners that post or drop referrals in five formats at a gentle pace."
        )
        @Option(help: "The hub's address.") var url: String
        @Option(help: "HOST:PORT of the hub's MLLP listener for uhdb, which posts otherwise.") var mllp: String?
        @Option(help: "The hub's drop folder.") var drop: String
        @Option(help: "Folder with a file PARTNER.key for each partner that posts.") var keys: String
        @Option(help: "Seconds between two messages.") var every = 3.0

        func validate() throws {
            guard mllp == nil || listener != nil else { throw ValidationError("--mllp is HOST:PORT.") }
        }

        private var listener: (host: String, port: Int)? {
            let parts = (mllp ?? "").split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let port = UInt16(parts[1]) else { return nil }
            return (String(parts[0]), Int(port))
        }

        func run() async throws {
            var keys: [String: String] = [:]
            for partner in SenderSimulator.Configuration.everyPartner.values {
                keys[partner] = try? SecretReference.file("\(self.keys)/\(partner).key").resolve()
            }
            let simulator = SenderSimulator(
                configuration: .init(hub: url, mllp: listener, drop: drop, keys: keys, interval: .seconds(every)),
                say: Output.line)
            try await simulator.run()
        }
    }

    struct Workers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Care workers who record agreements and ask for shares about whoever comes in."
        )
        @Option(help: "The hub's address.") var url: String
        @Option(help: "File with the API key of a staff system.") var keyFile: String

        func run() async throws {
            let key = try SecretReference.file(keyFile).resolve()
            try await WorkerSimulator(configuration: .init(hub: url, key: key), say: Output.line).run()
        }
    }

    struct DerbyHomes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Derby Homes behind HTTPS with client certificates: takes HOUSING v1, recognises repeats."
        )
        @Option var port: Int
        @Option(help: "Folder made by `hub simulate certificates`.") var certificates: String
        @Option(help: "File with a line for each receipt: id and digest, no content.") var journal: String?
        @Option(help: "Share of requests that fail with 503, from 0 to 1.") var failRate = 0.0
        @Option(help: "Milliseconds before each answer.") var delay = 0
        @Flag(help: "Only count, and note what came when: for load.") var sink = false

        func run() async throws {
            let simulator = try DerbyHomesSimulator(
                configuration: .init(
                    port: port, certificate: "\(certificates)/server.pem", key: "\(certificates)/server.key",
                    clientAuthority: "\(certificates)/ca.pem", journal: journal,
                    behaviour: .init(failRate: failRate, delay: .milliseconds(delay)), sink: sink),
                logger: InstallationOption.logger(), say: Output.line)
            try await simulator.run()
        }
    }

    struct Mesh: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The MESH sandbox behind mutual TLS, its mailboxes kept as files."
        )
        @Option var port: Int
        @Option(help: "Where mailboxes are kept.") var folder: String
        @Option(help: "The uvicorn program of an environment in which mesh-sandbox is installed.") var uvicorn: String
        @Option(help: "Folder made by `hub simulate certificates`.") var certificates: String
        @Option(help: "File with the environment's shared key.") var sharedKeyFile: String
        @Option(help: "Mailboxes, comma-separated.") var mailboxes: String

        func run() async throws {
            try await MESHSandbox.run(
                .init(
                    uvicorn: uvicorn, port: port, folder: folder,
                    mailboxes: mailboxes.split(separator: ",").map(String.init),
                    sharedKey: try SecretReference.file(sharedKeyFile).resolve(),
                    certificate: "\(certificates)/server.pem", key: "\(certificates)/server.key",
                    clientAuthority: "\(certificates)/ca.pem", probeCertificate: "\(certificates)/hub.pem",
                    probeKey: "\(certificates)/hub.key"))
        }
    }

    struct Trust: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A hospital trust that collects its MESH mailbox."
        )
        @Option(help: "MESH's address.") var url: String
        @Option(help: "The trust's mailbox.") var mailbox: String
        @Option(help: "Folder made by `hub simulate certificates`.") var certificates: String
        @Option(help: "File with the mailbox's password.") var passwordFile: String
        @Option(help: "File with the environment's shared key.") var sharedKeyFile: String
        @Option(help: "File with a line for each message: id and digest, no content.") var journal: String?

        func run() async throws {
            let client = try MESHClient(
                configuration: .init(
                    baseURL: url, mailbox: mailbox, password: try SecretReference.file(passwordFile).resolve(),
                    sharedKey: try SecretReference.file(sharedKeyFile).resolve(),
                    tls: TLSFiles(
                        certificateAuthority: "\(certificates)/ca.pem", certificate: "\(certificates)/trust.pem",
                        key: "\(certificates)/trust.key", minimumVersion: .tls12)))
            let simulator = try TrustSimulator(
                client: client, journal: journal, interval: .seconds(2), logger: InstallationOption.logger(),
                say: Output.line)
            try await simulator.run()
        }
    }

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send referrals, ask for shares, or look persons up over N connections; print rate and times.",
            discussion: """
                With --sender and --shares a turn is a referral and then a share. At a --rate each turn has its time, and \
                is counted from then: what it waits behind a slow one belongs to it.
                """
        )
        @Option(
            help: """
                The hub's address, plain: http://127.0.0.1:PORT, or mllp://127.0.0.1:PORT for HL7 v2 of a hospital. \
                Given twice, with --looks: another node, tried once where the connection to the first breaks.
                """)
        var url: [String]
        @Option(help: "File with the API key of the sending partner.") var keyFile: String?
        @Option(help: "The sending partner's id: one that sends the JSON envelope.") var sender: String?
        @Option(help: "About this many persons in turn, the same in every run, instead of one each turn.")
        var known: Int?
        @Flag(help: "With --known: each person once, however long it takes.") var once = false
        @Option(help: "With --known: write for each referral its receipt and when it was sent and answered, as CSV.")
        var taken: String?
        @Option(help: "File with a person's id on each line: ask that Derby Homes be told about each in turn.")
        var shares: String?
        @Option(help: "File with the API key of a staff system, to ask for shares.") var staffKeyFile: String?
        @Option(help: "File with a UPRN on each line: look up who is there, each in turn, as a control room does.")
        var looks: String?
        @Option(help: "File with the access token of a control room, to look up.") var tokenFile: String?
        @Option(help: "Turns that begin in a second, over all connections. Left out: as fast as it goes.")
        var rate: Int?
        @Option var connections = 8
        @Option var seconds = 10
        @Flag(help: "Print the figures as JSON.") var json = false

        func validate() throws {
            guard (keyFile == nil) == (sender == nil), (shares == nil) == (staffKeyFile == nil),
                (looks == nil) == (tokenFile == nil)
            else {
                throw ValidationError(
                    "--sender goes with --key-file, --shares with --staff-key-file, and --looks with --token-file.")
            }
            let isHospital = url[0].hasPrefix("mllp:")
            let kinds = [sender != nil || shares != nil, looks != nil, isHospital].filter { $0 }
            guard kinds.count == 1 else {
                throw ValidationError(
                    "Give --sender, --shares, or both, or else --looks; over MLLP none: the listener knows who sends.")
            }
            guard url.count == 1 || url.count == 2 && looks != nil else {
                throw ValidationError("--url is given once, or twice with --looks.")
            }
            guard known != nil || (!once && taken == nil), known == nil || sender != nil,
                known ?? connections >= connections
            else {
                throw ValidationError(
                    "--known goes with --sender, is at least the connections, and --once and --taken go with it.")
            }
            guard connections > 0, seconds > 0, rate ?? 1 > 0 else {
                throw ValidationError("Connections, seconds and --rate are 1 or more.")
            }
        }

        func run() async throws {
            var load = LoadSimulator.Configuration(
                hub: url[0], otherHub: url.count > 1 ? url[1] : nil,
                key: try keyFile.map { try SecretReference.file($0).resolve() }, sender: sender,
                connections: connections, duration: .seconds(seconds), rate: rate)
            if let known {
                load.known = .init(count: known, once: once)
                load.seed = 1
            }
            if let shares, let staffKeyFile {
                load.shares = .init(
                    persons: try lines(of: shares), key: try SecretReference.file(staffKeyFile).resolve())
            }
            if let looks, let tokenFile {
                load.looks = .init(
                    uprns: try lines(of: looks), token: try SecretReference.file(tokenFile).resolve())
            }
            let result = try await LoadSimulator(configuration: load).run()
            if let taken {
                let lines = result.taken.map { "\($0.receipt),\($0.sent),\($0.answered)\n" }
                try LocalFile.write(Array(lines.joined().utf8), to: taken)
            }
            Output.line(json ? try result.json : "\(result)")
        }

        /// What a file asks about, a line each.
        private func lines(of file: String) throws -> [String] {
            let text = String(decoding: try LocalFile.read(file), as: UTF8.self)
            let lines = text.split(separator: "\n").map(String.init)
            guard lines.count >= connections else {
                throw ValidationError("\(file) has fewer lines than there are connections.")
            }
            return lines
        }
    }
}

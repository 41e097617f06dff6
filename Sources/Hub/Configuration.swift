package import CaseStore
package import Channels
package import Referral
package import Translation

/// Everything an installation decides, read whole from one YAML file and checked before anything starts.
///
/// Secrets are never in it: they are named by reference (`file:` path or `env:` variable). Relative paths are relative to
/// the folder of the configuration file. Every problem is reported at once, with its line.
package struct Configuration: Sendable {
    /// The council's own team, as partners see the sender.
    package struct Organisation: Sendable {
        /// Identifier of the sender in outgoing documents, for example `derby_lac`.
        package var id: String
        /// Name in plain words.
        package var name: String
        /// ODS code, when one has been allotted; left out of documents otherwise.
        package var ods: String?
    }

    /// One address on which the hub listens.
    package struct Listener: Sendable {
        package var host: String
        package var port: Int
        /// PEM files; both or neither. Without them the listener speaks plain HTTP, which is allowed on loopback only.
        package var certificate: String?
        package var privateKey: String?
        /// Whether callers are asked for a client certificate, which they need not have.
        package var asksForCertificates = false
        /// PEM of the authorities that vouch for the names in client certificates. Left out: partners are known by their
        /// keys alone.
        package var clientAuthority: String?
        /// The address by which partners call, without a path. Left out: no access tokens are given, since a proof is
        /// addressed to it.
        package var url: String?

        /// Whether callers come by TLS, which may end at a proxy before it.
        var isReachedByTLS: Bool { certificate != nil || url?.hasPrefix("https://") == true }
    }

    /// How control rooms are answered on this node.
    package struct Emergency: Sendable {
        /// The file in which looks are written before they are answered, at its full length from the start; on a disk of
        /// its own at best.
        package var journal: String
        /// Defaults to 64 MiB, which is some hundred thousand looks.
        package var journalBytes = 64 << 20
        /// The sealed file with everything that answers need, for a start without the database.
        package var snapshot: String
        /// How long after it a look is to be reviewed. Defaults to 24 hours.
        package var reviewed: Duration = .seconds(86_400)
        /// The phone numbers at which each control room is called back, in digits, before anything is told by phone.
        package var callBack: [String: Set<String>] = [:]
        /// The control rooms that have no system of their own, and look people up on the hub's page, at `/emergency`. Left out:
        /// no page is served.
        package var pageFor: Set<String> = []
        /// Left out: the duty officer is told by the list of looks alone.
        package var duty: Duty?
    }

    /// How the duty officer is told that a control room has looked.
    package enum Duty: Sendable {
        /// A webhook.
        case https(HTTPSEndpoint)
        case mail(DutyMail)
    }

    /// The duty officer's mailbox, and the server by which mails go there.
    package struct DutyMail: Sendable {
        /// `smtps://host:port`, or `smtp://host:port` with STARTTLS.
        package var smtp: String
        package var user: String?
        package var password: SecretReference?
        package var authority: String?
        package var timeout: Duration = .seconds(60)
        package var from: String
        package var to: String
    }

    /// What callers of the partner listener may ask of this process.
    package struct Limits: Sendable {
        /// Requests of one partner or staff system, all its keys together.
        var rate = TokenBucket.Rate(perSecond: 2_000, burst: 4_000)
        /// Bytes of bodies in memory at once. Parsing, sealing and storing a body hold further copies of it for a moment.
        package var bodyBytes = 256 << 20

        /// What a partner may ask for in a second, for long.
        package var requestsPerSecond: Int { rate.perSecond }
        /// What it may ask for at once, after it has been quiet.
        package var burst: Int { rate.burst }
    }

    /// What the form for members of the public says and bears.
    package struct PublicForm: Sendable {
        /// For those who would rather talk or write.
        package var phone: String?
        package var email: String?
        /// Address of the page that says what becomes of personal data.
        package var privacyNotice: String?
        /// Forms that may be sent from one network address. Defaults to 20.
        package var sendsPerHour = 20
        /// Whether a proxy of the council's own stands before the listener and adds the sender's address to
        /// `X-Forwarded-For`. Without one that header is anybody's word.
        package var isBehindProxy = false
    }

    /// One port on which one partner sends HL7 v2 messages (MLLP), as integration engines have it for each feed.
    package struct MLLPListener: Sendable {
        /// Who sends: told by the port and the certificate, never by a message.
        package var partner: String
        package var host: String
        package var port: Int
        /// Left out: plain TCP, on loopback or from ``plainFrom``.
        package var tls: Channels.MLLPListener.TLS?
        /// Addresses from which plain messages are taken where the listener is not on loopback.
        package var plainFrom: [String] = []
        /// Connections at once. Defaults to 16.
        package var connections = 16

        /// What the channel needs to know.
        func channel(longest: Int) -> Channels.MLLPListener.Configuration {
            var channel = Channels.MLLPListener.Configuration(host: host, port: port, longest: longest)
            channel.tls = tls
            channel.sources = Set(plainFrom)
            channel.connections = connections
            return channel
        }
    }

    /// Where what leaves for one partner by one channel goes.
    package enum Endpoint: Sendable {
        case https(HTTPSEndpoint)
        case govTalk(GovTalkEndpoint)
        case bars(BaRSEndpoint)
        case mesh(MESHEndpoint)
        case sftp(SFTPEndpoint)
        case folder(FolderEndpoint)
        case exercise(ExerciseEndpoint)
        /// The hub's own page for staff.
        case portal
        case mail(MailEndpoint)
        case mllp(MLLPEndpoint)

        /// How long one attempt may take.
        var timeout: Duration {
            switch self {
            case .https(let https): https.longest
            case .govTalk(let govTalk): govTalk.server.longest
            case .bars(let bars): bars.server.longest
            case .mesh(let mesh): mesh.timeout
            case .sftp(let sftp): sftp.timeout
            case .folder, .exercise, .portal: .seconds(30)
            case .mail(let mail): mail.timeout
            case .mllp(let mllp): mllp.channel.longest
            }
        }
    }

    /// A MESH mailbox of ours that is collected (NHS interfaces, section 1).
    package struct MESHMailbox: Sendable {
        /// Who may send to it.
        package struct Sender: Sendable, Hashable {
            /// The word for every mailbox, where replies come from more than can be named: only what says nothing but what
            /// becomes of a share is taken from them.
            package static let anybody = "*"

            /// The sender's mailbox, or ``anybody``.
            package var mailbox: String
            package var workflow: String
            /// Whose messages they are.
            package var partner: String
            /// The workflow under which the sender wants a business acknowledgement. Left out: none is sent.
            package var acknowledgement: String?
        }

        package var url: String
        package var mailbox: String
        package var password: SecretReference
        package var sharedKey: SecretReference
        package var authority: String?
        package var certificate: String?
        package var privateKey: String?
        package var timeout: Duration = .seconds(30)
        /// Between looks at an empty mailbox. Defaults to 300 s, the least that MESH allows.
        package var interval: Duration = .seconds(300)
        package var senders: [Sender]
    }

    /// The mailbox for plain e-mail, and how its writers are answered.
    package struct Mail: Sendable {
        /// `imaps://host:port`.
        package var imap: String
        package var user: String
        package var password: SecretReference
        package var folder: String
        /// Where mails that were taken are moved. Left out: they stay, marked.
        package var doneFolder: String?
        /// Of both servers.
        package var authority: String?
        package var interval: Duration = .seconds(60)
        package var timeout: Duration = .seconds(60)
        /// `smtps://host:port`, or `smtp://host:port` with STARTTLS.
        package var smtp: String
        package var smtpUser: String?
        package var smtpPassword: SecretReference?
        /// Ours, from which answers come.
        package var address: String
        /// The address of the form.
        package var portal: String
        /// Answers to all writers together. Defaults to 60.
        package var repliesPerHour = 60
    }

    /// The ClamAV daemon to which attachments are offered.
    package struct Scanner: Sendable {
        package var address: VirusScanner.Address
        /// How long one verdict may take. Defaults to 60 s.
        package var timeout: Duration = .seconds(60)
    }

    /// Where the wrapped keys are backed up, apart from the data.
    package struct KeyStoreSettings: Sendable {
        package var folder: String
        /// After so many days a backup is destroyed, and with it the last form of the key of whoever was erased. Defaults to
        /// 30.
        package var keepDays = 30

        var kept: Duration { .seconds(keepDays * 86_400) }
    }

    /// Which rules for test values apply: `test` accepts the synthetic NHS number range, `production` refuses it.
    package var environment: HubEnvironment
    package var organisation: Organisation
    /// Folder of everything the hub writes: private cluster, keys, checkpoints, claimed files.
    package var dataFolder: String
    /// Connection string for libpq. Without one the hub starts its own private cluster under ``dataFolder``.
    package var database: SecretReference?
    /// Where the private cluster lives.
    var clusterFolder: String { dataFolder + "/postgresql" }
    /// Where the ledger's checkpoints are kept, outside PostgreSQL.
    var checkpointPath: String { dataFolder + "/ledger.checkpoints" }

    /// Where the public key of the ledger's checkpoints is kept, for everybody to read.
    package var ledgerPublicKeyPath: String { dataFolder + "/ledger.pub" }

    /// The key that signs the ledger's checkpoints, beside the installation's key.
    var ledgerKeyFile: String {
        (keyFile.lastIndex(of: "/").map { String(keyFile[...$0]) } ?? "") + "ledger.key"
    }
    /// Connections the pool may open. Defaults to twice the cores, at most 16.
    package var databaseConnections: Int?
    /// Folder of adapters.
    package var adapters: String
    /// File of the disclosure rules in force; other versions may lie beside it. Left out: those the hub is built with.
    package var policyFile: String?
    /// File that holds the installation's keys.
    package var keyFile: String
    /// Left out: the key store is not backed up.
    package var keyStore: KeyStoreSettings?
    /// Partners and staff, over HTTPS.
    package var partnerListener: Listener
    package var limits: Limits
    /// Left out: no form is served.
    package var publicForm: PublicForm?
    /// Whether the form for staff is served, at `/staff/referral`. Defaults to not.
    package var servesStaffForm: Bool
    /// Whether the console is served, at `/console`. Defaults to not.
    package var servesConsole: Bool
    /// Left out: staff have accounts here alone.
    package var staffProvider: StaffProvider?
    /// `/metrics` and health, on loopback: it asks for no key. Left out: nobody can ask for figures, and for health only
    /// where the partner listener runs.
    package var adminListener: Listener?
    /// Folder of dropped files (`<partner>/in`, `ack`, `out`). Left out: no files are taken.
    package var dropFolder: String?
    /// Left out: no e-mail is taken.
    package var mail: Mail?
    /// Left out: attachments are not looked through for viruses.
    package var scanner: Scanner?
    /// MESH mailboxes that are collected.
    package var meshMailboxes: [MESHMailbox] = []
    /// Ports for HL7 v2 messages, one or more for each partner that sends so.
    package var mllp: [MLLPListener]
    /// The ids in the directory of services to which BaRS messages for us are addressed. Empty: none are taken.
    package var barsServices: [String]
    /// Left out: control rooms are not answered.
    package var emergency: Emergency?
    /// Outbound endpoints by partner id, one for each channel. A partner that is not named here is
    /// `channel_not_configured`; a member of a kind, such as `gp:C81001`, goes by its kind's unless it has its own.
    package var outbound: [String: [Outbound.Channel: Endpoint]]
    /// The systems of referrers that are told what became of their referrals, by partner id. A partner that is not named
    /// here reads it at its receipts.
    package var status: [String: StatusEndpoint] = [:]
    /// Referrals worked on at once; those that are stored share transactions. Defaults to 32.
    package var intakeConcurrency: Int
    /// How long what belongs together waits for its other half: an update or a withdrawal for the message it answers, a
    /// referral's file for the referral and the referral for the file. Then staff are shown it. Defaults to 4 hours.
    package var intakeWait: Duration
    /// After so many days a file in which several persons may stand, such as a table, is destroyed as a whole, once nothing
    /// needs it any more; what was made of its rows stays. Defaults to 30.
    package var keepFileDays: Int
    /// The same as a time.
    var filesKept: Duration { .seconds(keepFileDays * 86_400) }
    /// Deliveries under way at once to one partner. Defaults to 16.
    package var dispatchConcurrency: Int
    /// The secrets of which an end is known, by setting.
    package var secretEnds: [Ending] = []
    /// The files that secrets are read from.
    package var secretFiles: [String] = []

    /// The same with its admin listener on another port, for processes that share a configuration and a machine.
    package func administered(on port: Int) -> Configuration {
        var configuration = self
        var listener = adminListener ?? Listener(host: "127.0.0.1", port: port)
        listener.port = port
        configuration.adminListener = listener
        return configuration
    }
}

/// Where a secret is kept; the secret itself never stands in configuration, arguments or logs.
package enum SecretReference: Sendable, Equatable {
    case file(String)
    case environment(String)

    /// Reads the secret, without the newline that editors leave at the end.
    ///
    /// - Throws: ``ConfigurationError`` naming the reference, never the secret.
    package func resolve() throws(ConfigurationError) -> String {
        switch self {
        case .environment(let name):
            guard let value = EnvironmentVariables.value(name), !value.isEmpty else {
                throw ConfigurationError(problems: [.init(line: nil, key: "env:\(name)", text: "is not set")])
            }
            return value
        case .file(let path):
            guard let bytes = try? LocalFile.read(path), let text = String(validating: bytes, as: UTF8.self) else {
                throw ConfigurationError(problems: [.init(line: nil, key: "file:\(path)", text: "cannot be read")])
            }
            let trimmed = text.reversed().drop { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
            return String(trimmed.reversed())
        }
    }
}

/// All that is wrong with a configuration, at once.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// One problem: where it stands and what to do about it.
    package struct Problem: Sendable, Equatable, CustomStringConvertible {
        package var line: Int?
        package var key: String
        package var text: String

        package var description: String {
            line.map { "line \($0): \(key) \(text)" } ?? "\(key) \(text)"
        }
    }

    package var problems: [Problem]

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

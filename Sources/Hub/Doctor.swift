import CaseStore
import Channels
import Glibc
import Ledger
package import Logging
import MessageQueue
import Postgres
import Referral
import Translation
import Vault

/// Checks an installation and the promises it lives by, and names the remedy of everything it finds.
///
/// It starts nothing, and changes nothing but giving new ledger entries their places, as the running hub does each second.
package struct Doctor: Sendable {
    /// How bad a finding is: `fault` stops the hub or breaks a promise, `attention` waits for a person, `note` is nothing
    /// wrong but should be known.
    package enum Severity: String, Sendable {
        case fault
        case attention
        case note
    }

    /// One thing that is wrong, and what to do about it.
    package struct Diagnosis: Sendable {
        package var severity: Severity
        package var what: String
        package var remedy: String
        /// Whether it is a service that cannot be reached, so that what depends on it was not looked at.
        package var isUnavailable = false
    }

    private let configuration: Configuration
    private let logger: Logger

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Everything that is wrong; empty when nothing is.
    package func examine() async -> [Diagnosis] {
        var found =
            await adapters() + policy() + KeyDiagnosis(configuration).file() + ledgerKey() + user() + certificates()
            + endpoints() + listeners()
            + mailboxes() + mail() + scanner()
        found += secretFiles()
        let connection: DatabaseConfiguration
        do {
            connection = try Installation.connection(configuration)
        } catch {
            return found + [.init(severity: .fault, what: "\(error)", remedy: "Set what the configuration names.")]
        }
        let database = Database(configuration: connection, logger: logger)
        found += await self.database(database)
        await database.close()
        return found
    }

    private func adapters() async -> [Diagnosis] {
        let (catalogue, diagnostics) = AdapterCatalogue.load(configuration.adapters)
        var found = diagnostics.map {
            Diagnosis(
                severity: .fault, what: $0.description, remedy: "Mend the adapter; `hub adapters check` shows all.")
        }
        if diagnostics.isEmpty {
            do {
                let partners = try await OutboundPartners.open(
                    configuration, catalogue: catalogue, portal: nil, logger: logger)
                await partners.shutdown()
            } catch {
                found.append(.init(severity: .fault, what: "\(error)", remedy: "Mend `outbound` in the configuration."))
            }
            do {
                let ways = try await StatusWays.open(configuration, logger: logger)
                await ways.shutdown()
            } catch {
                found.append(.init(severity: .fault, what: "\(error)", remedy: "Mend `status` in the configuration."))
            }
        }
        return found
    }

    /// Disclosure rules that are not taken, each with its file and line.
    private func policy() -> [Diagnosis] {
        do throws(PolicyShelfError) {
            _ = try PolicyShelf.load(configuration.policyFile)
            return []
        } catch {
            return error.lines.map {
                Diagnosis(
                    severity: .fault, what: $0, remedy: "Mend the disclosure rules; `hub policy check FILE` shows all.")
            }
        }
    }

    private func ledgerKey() -> [Diagnosis] {
        let file = configuration.ledgerPublicKeyPath
        do {
            let signer = try LedgerKey.load(file: configuration.ledgerKeyFile)
            if try LedgerKey.verifiers(file: file).contains(signer.verifier) { return [] }
            return [
                .init(
                    severity: .fault, what: "\(file) does not hold the public half of \(configuration.ledgerKeyFile)",
                    remedy: "Find out which of the two was replaced, and restore it from the key store's backup."
                )
            ]
        } catch {
            return [
                .init(
                    severity: .fault, what: "\(error)",
                    remedy:
                        "Restore both halves from the key store's backup, the secret one readable by the hub's user only."
                )
            ]
        }
    }

    /// A data folder of root's can be written by root only, so the hub that works in it is root.
    private func user() -> [Diagnosis] {
        guard configuration.environment == .production, LocalFile.owner(configuration.dataFolder) == 0 else {
            return []
        }
        return [
            .init(
                severity: .attention,
                what: "\(configuration.dataFolder) belongs to root, so the hub runs as root",
                remedy:
                    "Run the hub as a user of its own that owns this folder, the key and the drop folders "
                    + "(deploy/README.md, Install): whatever breaks it then has that user's rights only."
            )
        ]
    }

    /// Files of secrets, and the listener's key, that any user of the machine may read.
    private func secretFiles() -> [Diagnosis] {
        guard configuration.environment == .production else { return [] }
        let files = configuration.secretFiles + [configuration.partnerListener.privateKey].compactMap(\.self)
        return Set(files).sorted().filter { LocalFile.mode($0).map { $0 & 0o007 != 0 } ?? false }.map { file in
            Diagnosis(
                severity: .attention, what: "\(file) holds a secret, and every user of this machine may open it",
                remedy: "Give it to the hub's user and run `chmod 0600` on it; then agree another secret.")
        }
    }

    /// Certificates that end soon, or have ended.
    private func certificates() -> [Diagnosis] {
        let now = Timestamp.now()
        return configuration.certificates.filter { $0.isNearItsEnd(at: now) }.map { certificate in
            Diagnosis(
                severity: certificate.isGood(at: now) ? .attention : .fault,
                what: "\(certificate.setting): \(certificate.text)",
                remedy: "Have a new one issued in good time, put it there, and restart the hub.")
        }
    }

    private func endpoints() -> [Diagnosis] {
        var found: [Diagnosis] = []
        if configuration.emergency != nil, !configuration.partnerListener.asksForCertificates {
            found.append(
                .init(
                    severity: .attention,
                    what: "control rooms are known by access tokens alone, of which none is given without the database",
                    remedy: "Give `listen.client_certificates`, and have each control room use its certificate."))
        }
        var servers =
            configuration.outbound.map { ("outbound.\($0)", $1[.httpsMTLS]?.server) }
            + configuration.status.map { ("status.\($0)", $1.endpoint.server) }
        if case .https(let https)? = configuration.emergency?.duty { servers.append(("emergency.duty.https", https)) }
        for (place, server) in servers.sorted(by: { $0.0 < $1.0 }) {
            guard let https = server else { continue }
            if https.certificate == nil {
                found.append(
                    .init(
                        severity: .attention,
                        what: "\(place) sends without a client certificate",
                        remedy: "Give `certificate` and `key`: the channel is agreed as mutual TLS."
                    )
                )
            }
            if let day = https.tls12Until {
                let isOver = WallClock.now() >= day.endOfDay
                found.append(
                    .init(
                        severity: .attention,
                        what: isOver
                            ? "\(place) spoke TLS 1.2 until \(day.iso); that day is over, and it speaks TLS 1.3 only"
                            : "\(place) speaks TLS 1.2 until \(day.iso)",
                        remedy: isOver
                            ? "Take `tls12_until` out; if deliveries fail with tls_failed, the partner must mend its server."
                            : "Have the partner speak TLS 1.3 before that day, and take `tls12_until` out."
                    )
                )
            }
        }
        return found
    }

    /// What is wrong with the MLLP listeners as they are configured.
    private func listeners() -> [Diagnosis] {
        let (catalogue, _) = AdapterCatalogue.load(configuration.adapters)
        return configuration.mllp.flatMap { listener -> [Diagnosis] in
            let name = "mllp \(listener.partner):\(listener.port)"
            var found: [Diagnosis] = []
            do {
                try listener.tls?.check()
            } catch {
                found.append(
                    .init(severity: .fault, what: "\(name): \(error)", remedy: "Mend `mllp` in the configuration."))
            }
            if listener.tls == nil, !listener.plainFrom.isEmpty {
                found.append(
                    .init(
                        severity: .attention, what: "\(name) takes plain messages over the network",
                        remedy: "Agree TLS with client certificates, or see that the network itself is encrypted."))
            }
            if let adapter = catalogue[listener.partner], adapter.inbound(for: .hl7v2, type: nil) == nil {
                found.append(
                    .init(
                        severity: .fault, what: "\(name): the partner's adapter reads no HL7 v2",
                        remedy: "Add a way in with `format: hl7v2` to adapters/\(listener.partner)/adapter.yaml."))
            }
            return found
        }
    }

    /// Mailboxes that cannot be collected as they are configured.
    private func mailboxes() async -> [Diagnosis] {
        var found: [Diagnosis] = []
        for mailbox in configuration.meshMailboxes {
            let what = "mesh.\(mailbox.mailbox)"
            do {
                let client = try MESHIntake.client(mailbox)
                do throws(MESHError) {
                    try await client.handshake()
                } catch {
                    found.append(
                        .init(
                            severity: .attention, what: "\(what) does not let the hub in: \(error)",
                            remedy: "Check its address, certificate, password and shared key, and that MESH is up."))
                }
                await client.shutdown()
            } catch {
                found.append(
                    .init(severity: .fault, what: "\(what): \(error)", remedy: "Mend `mesh` in the configuration."))
            }
        }
        return found
    }

    /// A mailbox that cannot be read, or a server that takes no answers.
    private func mail() async -> [Diagnosis] {
        guard let mail = configuration.mail else { return [] }
        var found: [Diagnosis] = []
        func ask(_ what: String, _ check: () async throws(MailError) -> Void) async {
            do throws(MailError) {
                try await check()
            } catch {
                found.append(
                    .init(
                        severity: .attention, what: "\(what): \(error)",
                        remedy: "Check its address, certificate, user, password and folders, and that the server is up."
                    ))
            }
        }
        do {
            let inbox = try Mailbox.inbox(mail, logger: logger) { _ in .leave }
            await ask("mail.imap") { () async throws(MailError) in try await inbox.check() }
            await inbox.shutdown()
            let sender = try Mailbox.sender(mail)
            await ask("mail.reply.smtp") { () async throws(MailError) in try await sender.check() }
            await sender.shutdown()
        } catch {
            found.append(
                .init(severity: .fault, what: "mail: \(error)", remedy: "Mend `mail` in the configuration."))
        }
        return found
    }

    /// A virus scanner that does not answer, for which documents with attachments wait.
    private func scanner() async -> [Diagnosis] {
        guard let scanner = configuration.scanner else {
            guard configuration.environment == .production else { return [] }
            return [
                .init(
                    severity: .attention, what: "attachments are not looked through for viruses",
                    remedy: "Run clamd on this machine, and name its socket in `clamav`.")
            ]
        }
        do {
            try await VirusScanner(scanner.address, timeout: .seconds(5)).ping()
            return []
        } catch {
            return [
                .init(
                    severity: .attention, what: "ClamAV: \(error)",
                    remedy:
                        "Start clamd, and check `clamav` in the configuration: documents with attachments wait for it.")
            ]
        }
    }

    /// Partners whose messages would all be quarantined or refused, or who are told nothing.
    private func senders(_ database: Database) async throws -> [Diagnosis] {
        let known = try await database.read { connection in
            try connection.query(
                "SELECT id FROM record.partner WHERE is_enabled AND kind = 'partner'", name: "doctor.partners"
            ).map { try $0.decode(String.self) }
        }
        let ways = [
            (
                "may send by MESH", configuration.meshMailboxes.flatMap(\.senders).map(\.partner),
                "what it sends is quarantined"
            ),
            ("may send by MLLP", configuration.mllp.map(\.partner), "what it sends is refused"),
            ("has a way in `status`", Array(configuration.status.keys), "it is told nothing"),
        ]
        return ways.flatMap { way, partners, fate in
            Set(partners).subtracting(known).sorted().map { partner in
                Diagnosis(
                    severity: .attention, what: "\(partner) \(way), but is no enabled partner",
                    remedy: "`hub partner add \(partner)` or `hub partner enable \(partner)`; until then \(fate).")
            }
        }
    }

    /// API keys of partners of which nobody has said that little can come of them in wrong hands.
    private func riskyKeys(_ database: Database) async throws -> [Diagnosis] {
        guard configuration.environment == .production else { return [] }
        return try await database.read { connection in
            try connection.query(
                """
                SELECT partner, prefix
                FROM record.api_key JOIN record.partner ON partner.id = api_key.partner
                WHERE kind = 'partner' AND is_enabled AND NOT is_low_risk AND revoked_at IS NULL
                    AND (expires_at IS NULL OR expires_at > now())
                ORDER BY 1, 2
                """, name: "doctor.risky_keys"
            ).map { try $0.decode(String.self, String.self) }
        }.map { partner, prefix in
            Diagnosis(
                severity: .attention,
                what: "\(partner) is let in by an API key that is not for low risk: \(prefix)",
                remedy:
                    "Agree a certificate or a client key (`hub partner certificate`, `hub partner client-key`), then "
                    + "`hub partner revoke \(prefix)`; for a sender of low risk issue the next with --low-risk.")
        }
    }

    /// What ends within weeks, or has ended, and must be renewed by then.
    private func endings(_ database: Database) async throws -> [Diagnosis] {
        // Rules that are not taken are a finding of their own.
        let rules = try? PolicyShelf.load(configuration.policyFile).inForce
        let endings = try await database.read { [configuration] in try Endings.all(configuration, rules, in: $0) }
        let now = Timestamp.now()
        return endings.filter { $0.isNear(at: now) }.map { ending in
            let remedy =
                switch ending.kind {
                case .secret: "Agree a new one in good time, put it there with its own `expires`, and restart the hub."
                case .contract:
                    "Enter the next period in the disclosure rules, or let it end: nothing is sent from then on."
                case .project: "Agree with the recipient whether it goes on; no extract is made from then on."
                case .apiKey:
                    "`hub partner key \(ending.about)` issues the next one; let the partner switch before that day."
                case .certificate:
                    "`hub partner certificate \(ending.about)` takes its next one beside; let the partner switch before "
                        + "that day."
                case .clientKey:
                    "`hub partner client-key \(ending.about)` takes its next one beside; let the partner switch before "
                        + "that day."
                }
            return Diagnosis(
                severity: ending.kind == .secret && ending.isOver(at: now) ? .fault : .attention,
                what: ending.text(at: now), remedy: remedy)
        }
    }

    private func database(_ database: Database) async -> [Diagnosis] {
        let status: MigrationStatus
        do {
            status = try await Migrator(lines: Installation.migrations).pending(database)
        } catch {
            let isPrivate = configuration.database == nil
            return [
                .init(
                    severity: .fault,
                    what: "PostgreSQL does not answer: \(error)",
                    remedy: isPrivate
                        ? "Start the hub: `hub serve` starts its private PostgreSQL with it (or `deploy/run`). Its log is in "
                            + "\(configuration.dataFolder)/postgresql/log."
                        : "Start PostgreSQL, and check that `database.url` names it and lets the hub in.",
                    isUnavailable: true
                )
            ]
        }
        guard status.isCurrent else {
            return [.init(severity: .fault, what: "the schema: \(status.summary)", remedy: "Run `hub migrate`.")]
        }
        var found: [Diagnosis] = []
        do {
            found = try await rights(database) + KeyDiagnosis(configuration).examine(database)
            let database = database.acting(as: .audit)
            return try await found + promises(database) + unanswered(database) + waiting(database) + senders(database)
                + endings(database) + riskyKeys(database) + files(database)
        } catch {
            return found + [
                .init(severity: .fault, what: "a check failed: \(error)", remedy: "Look at PostgreSQL's log.")
            ]
        }
    }

    /// The roles of the hub's functions: that they are there and can be taken, that none may change the ledger, make an object
    /// or take another's place, and that who stores what arrives sees its caller's submissions alone.
    private func rights(_ database: Database) async throws -> [Diagnosis] {
        let roles = DatabaseRole.functions.map(\.rawValue)
        let wrong = try await database.read { connection in
            let canTake = try connection.query(
                "SELECT CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END",
                name: "doctor.how_roles_are_taken"
            )[0].decode(String.self)
            return try connection.query(
                """
                WITH wanted AS (
                    SELECT role, pg_roles.oid
                    FROM unnest(\(roles)) AS role LEFT JOIN pg_roles ON rolname = role
                )
                SELECT 'missing', role, '' FROM wanted WHERE oid IS NULL
                UNION ALL
                SELECT 'not_taken', role, '' FROM wanted WHERE NOT pg_has_role(current_user, oid, \(canTake))
                UNION ALL
                SELECT 'ledger', role, privilege || ' ON ' || pg_class.oid::regclass
                FROM wanted, pg_class, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS privilege
                WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'r'
                    AND (
                        has_table_privilege(wanted.oid, pg_class.oid, privilege)
                        OR privilege = 'UPDATE' AND has_any_column_privilege(wanted.oid, pg_class.oid, privilege)
                    )
                UNION ALL
                SELECT 'makes', role, nspname
                FROM wanted, pg_namespace
                WHERE nspname IN ('record', 'ledger', 'access', 'queue', 'public')
                    AND has_schema_privilege(wanted.oid, pg_namespace.oid, 'CREATE')
                UNION ALL
                SELECT 'member', role, granted.rolname
                FROM wanted JOIN pg_auth_members ON member = wanted.oid JOIN pg_roles AS granted ON granted.oid = roleid
                UNION ALL
                SELECT 'powers', role, '' FROM wanted JOIN pg_roles USING (oid) WHERE rolsuper OR rolbypassrls OR rolcanlogin
                UNION ALL
                SELECT 'policy', 'hub_ingest', name
                FROM unnest(ARRAY['submission', 'submission_id']) AS name
                WHERE NOT EXISTS (
                    SELECT
                    FROM pg_class JOIN pg_policies ON schemaname = 'record' AND tablename = relname
                    WHERE pg_class.oid = to_regclass('record.' || name) AND relrowsecurity
                        AND roles = ARRAY['hub_ingest']::name[] AND cmd = 'ALL' AND qual LIKE '%hub.partners%'
                ) OR EXISTS (
                    SELECT FROM pg_policies
                    WHERE schemaname = 'record' AND tablename = name AND qual NOT LIKE '%hub.partners%'
                        AND roles && ARRAY['hub_ingest', 'public']::name[]
                )
                """, name: "doctor.rights"
            ).map { try $0.decode(String.self, String.self, String.self) }
        }
        return wrong.map { rule, role, about in
            switch rule {
            case "missing":
                Diagnosis(
                    severity: .fault, what: "the role \(role) is missing",
                    remedy: "Make it as a superuser, and restore its rights from a dump of the schema.")
            case "not_taken":
                Diagnosis(
                    severity: .fault, what: "the role that logs in may not take \(role)",
                    remedy: "As a superuser: GRANT \(role) TO the role that the hub logs in as.")
            case "ledger":
                Diagnosis(
                    severity: .fault, what: "the role \(role) may change the ledger: \(about)",
                    remedy: "REVOKE \(about) FROM \(role).")
            case "makes":
                Diagnosis(
                    severity: .fault, what: "the role \(role) may make objects in the schema \(about)",
                    remedy: "REVOKE CREATE ON SCHEMA \(about) FROM PUBLIC, \(role).")
            case "member":
                Diagnosis(
                    severity: .fault, what: "the role \(role) has the rights of \(about)",
                    remedy: "REVOKE \(about) FROM \(role).")
            case "powers":
                Diagnosis(
                    severity: .fault, what: "the role \(role) is a superuser, passes over row security or may log in",
                    remedy: "ALTER ROLE \(role) NOSUPERUSER NOBYPASSRLS NOLOGIN.")
            default:
                Diagnosis(
                    severity: .fault, what: "\(role) sees the submissions of every partner in record.\(about)",
                    remedy: "Restore the policy own_partners of record.\(about), and enable its row security.")
            }
        }
    }

    /// The promises of the design that can be asked of the database, and the ledger.
    private func promises(_ database: Database) async throws -> [Diagnosis] {
        var found: [Diagnosis] = []
        let stranded = try await database.read { connection in try CaseStore.stranded(in: connection) }
        if stranded > 0 {
            found.append(
                .init(
                    severity: .fault,
                    what: "\(stranded) submissions are stored but neither worked on nor waiting in a queue",
                    remedy: "Keep the database as it is and report this: a promise of the hub is broken."
                )
            )
        }
        // What is wrong with the keys stands in a finding of its own; nothing is signed by none.
        let kept = KeptCheckpoints(
            file: CheckpointFile(path: configuration.checkpointPath),
            keys: (try? LedgerKey.verifiers(file: configuration.ledgerPublicKeyPath)) ?? [])
        let verification = try await LedgerVerification.run(database: database, kept: kept)
        if let fault = verification.fault {
            found.append(
                .init(
                    severity: .fault, what: "the ledger does not hold: \(fault)",
                    remedy:
                        "Keep the database and \(configuration.dataFolder)/ledger.checkpoints as they are and report it."
                )
            )
        }
        return found
    }

    /// Whole files that are kept for longer than configured, and what for.
    private func files(_ database: Database) async throws -> [Diagnosis] {
        // Retention looks each minute, and takes so many at a time.
        let due = Timestamp.now() - configuration.filesKept - .seconds(3600)
        let past = try await database.read { try CaseStore.filesPast(cameBefore: due, in: $0) }
        return past.sorted { ($0.key?.rawValue ?? "") < ($1.key?.rawValue ?? "") }.map { need, count in
            let what = "\(count) files are kept beyond their \(configuration.keepFileDays) days"
            return switch need {
            case nil:
                Diagnosis(
                    severity: .attention, what: "\(what), though nothing needs them",
                    remedy: "See that a hub with the role housekeeping runs; its log says why it cannot destroy them.")
            case .workItem:
                Diagnosis(
                    severity: .attention, what: "\(what), for work items that are open",
                    remedy: "`hub work list` names them; each file is destroyed when its last one is done.")
            case .unfinished, .attachment:
                Diagnosis(
                    severity: .attention, what: "\(what), because a part of each still waits",
                    remedy: "See that hubs with the roles intake and housekeeping run; `hub trace` tells of a receipt.")
            case .legalHold:
                Diagnosis(
                    severity: .note, what: "\(what), for somebody under a legal hold",
                    remedy: "Nothing to do: they are destroyed once the hold is lifted.")
            }
        }
    }

    /// Releases that have had no outcome for longer than a delivery and the lease after it may take.
    private func unanswered(_ database: Database) async throws -> [Diagnosis] {
        let patience =
            QueuePolicy().lease
            + (configuration.outbound.values.flatMap { $0.values.map(\.timeout) }.max() ?? .seconds(30))
        return try await database.read { connection in
            try CaseStore.unanswered(longerThan: patience, in: connection)
        }.map { releases in
            Diagnosis(
                severity: .attention,
                what: "\(releases.count) releases to \(releases.recipient) have no outcome and nobody works on them; "
                    + "the oldest is of the share \(releases.oldest)",
                remedy:
                    "See that a hub with the role dispatch runs, \(releases.recipient) is configured and its queue is not "
                    + "paused: it tries again under the same id. Where `hub trace \(releases.oldest)` shows that the "
                    + "message is gone from the queue, ask \(releases.recipient) whether it has that id."
            )
        }
    }

    /// What waits for a person.
    private func waiting(_ database: Database) async throws -> [Diagnosis] {
        let queue = MessageQueue(database: database, node: "doctor", logger: logger)
        let violations = try await queue.check().map { violation in
            Diagnosis(
                severity: .fault, what: "the queue: \(violation)",
                remedy: "Keep the database as it is and report this: a promise of the queue is broken."
            )
        }
        return try await violations
            + queue.statistics().flatMap { queue -> [Diagnosis] in
                var found: [Diagnosis] = []
                if queue.dead > 0 {
                    found.append(
                        .init(
                            severity: .attention, what: "\(queue.dead) dead letters in \(queue.queue)",
                            remedy: "`hub queue show \(queue.queue)` tells why; then `hub queue replay`."
                        )
                    )
                }
                let waiting = queue.ready + queue.delayed + queue.leased
                if waiting > 0, queue.queue == DutyNotices.queueName, configuration.emergency?.duty == nil {
                    found.append(
                        .init(
                            severity: .attention,
                            what: "\(waiting) messages wait in \(queue.queue), but no emergency.duty is configured",
                            remedy: "Configure `emergency.duty` and restart the hub."
                        )
                    )
                }
                if waiting > 0, let partner = StatusMessages.partner(ofQueue: queue.queue),
                    configuration.status[partner] == nil
                {
                    found.append(
                        .init(
                            severity: .attention,
                            what: "\(waiting) messages wait in \(queue.queue), but no status.\(partner) is configured",
                            remedy: "Configure `status.\(partner)` and restart the hub."
                        )
                    )
                }
                if waiting > 0, let recipient = Dispatch.recipient(ofQueue: queue.queue),
                    configuration.outbound[recipient] == nil
                {
                    found.append(
                        .init(
                            severity: .attention,
                            what:
                                "\(waiting) messages wait in \(queue.queue), but no outbound.\(recipient) is configured",
                            remedy:
                                "Configure `outbound.\(recipient)` and restart the hub, or withdraw the agreements that "
                                + "they rest on, which cancels them."
                        )
                    )
                }
                if let reason = queue.pauseReason {
                    found.append(
                        .init(
                            severity: .attention, what: "\(queue.queue) is paused: \(reason)",
                            remedy: "`hub queue resume \(queue.queue)` when the reason is gone."
                        )
                    )
                }
                if queue.circuit != .closed {
                    found.append(
                        .init(
                            severity: .attention, what: "\(queue.queue) waits: what it sends keeps failing",
                            remedy:
                                "See why with `hub queue show \(queue.queue)`; it goes on by itself when that has passed."
                        )
                    )
                }
                return found
            }
    }
}

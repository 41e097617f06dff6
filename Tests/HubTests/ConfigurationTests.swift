import CaseStore
import Channels
import Foundation
import Hub
import Postgres
import Referral
import Testing
import Translation

@Suite struct ConfigurationTests {
    static let whole = """
        environment: test
        organisation: { id: derby_lac, name: Derby Local Area Co-ordination }
        data: data
        listen: { host: 127.0.0.1, port: 8480 }
        drop: /srv/drop
        outbound:
          derby_homes:
            https: { url: "https://localhost:8482/housing/v1", ca: certificates/ca.pem, timeout: 5 }
          uhdb:
            mesh:
              url: https://localhost:8483
              mailbox: DERBYLAC01
              to: RTGLOCAL1
              workflow: LAC_REFERRAL
              password: file:secrets/password
              shared_key: env:MESH_KEY
        intake: { concurrency: 16, wait_minutes: 5, keep_file_days: 14 }
        staff_form: true
        """

    @Test func `a whole configuration is read, relative paths from its folder`() throws {
        let configuration = try Configuration.parse(Self.whole, folder: "/srv/hub")
        #expect(configuration.environment == .test)
        #expect(configuration.organisation.id == "derby_lac")
        #expect(configuration.dataFolder == "/srv/hub/data")
        #expect(configuration.keyFile == "/srv/hub/data/keys/installation.key")
        #expect(configuration.dropFolder == "/srv/drop")
        #expect(configuration.intakeConcurrency == 16)
        #expect(configuration.dispatchConcurrency == 16)
        #expect(configuration.intakeWait == .seconds(300) && configuration.servesStaffForm)
        #expect(configuration.keepFileDays == 14)
        guard case .https(let homes)? = configuration.outbound["derby_homes"]?[.httpsMTLS],
            case .mesh(let trust)? = configuration.outbound["uhdb"]?[.mesh]
        else {
            Issue.record("the endpoints were not read")
            return
        }
        #expect(homes.authority == "/srv/hub/certificates/ca.pem")
        #expect(homes.timeout == .seconds(5))
        #expect(trust.password == .file("/srv/hub/secrets/password"))
        #expect(trust.sharedKey == .environment("MESH_KEY"))
    }

    @Test func `a partner's own SFTP server and a folder of ours are read`() throws {
        let text = """
            environment: production
            organisation: { id: derby_lac, name: Derby Local Area Coordination }
            drop: /srv/referral-drop
            outbound:
              dwp_jcp:
                sftp:
                  url: sftp://files.example.org:2222
                  user: derby
                  key: secrets/dwp_jcp.key
                  host_key: SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
                  folder: in
                  timeout: 60
              derbys_police: { folder: {} }
              gp:C81001: { folder: { account: gp_c81001 } }
            """
        let configuration = try Configuration.parse(text, folder: "/srv/hub")
        guard case .sftp(let sftp)? = configuration.outbound["dwp_jcp"]?[.sftp],
            case .folder(let police)? = configuration.outbound["derbys_police"]?[.sftp],
            case .folder(let practice)? = configuration.outbound["gp:C81001"]?[.sftp]
        else {
            Issue.record("the endpoints were not read")
            return
        }
        #expect(sftp.privateKey == "/srv/hub/secrets/dwp_jcp.key" && sftp.folder == "in" && sftp.receipts == "ack")
        #expect(sftp.timeout == .seconds(60))
        #expect(police.account == "derbys_police" && practice.account == "gp_c81001")
    }

    @Test func `a partner's SFTP server without its pin, or beside a folder of ours, is refused`() throws {
        let text = """
            environment: production
            organisation: { id: a, name: b }
            outbound:
              dwp_jcp:
                sftp: { url: sftp://files.example.org, user: derby, key: k, folder: in, password: x }
              derbys_police: { folder: {}, sftp: { url: u, user: d, key: k, host_key: h, folder: in } }
            """
        let error = #expect(throws: ConfigurationError.self) { try Configuration.parse(text, folder: "/srv/hub") }
        let keys = Set(try #require(error).problems.map(\.key))
        #expect(
            keys == [
                "outbound.dwp_jcp.sftp.host_key", "outbound.dwp_jcp.sftp.password", "outbound.derbys_police.folder",
            ])
    }

    @Test func `every problem is reported at once, with its line`() throws {
        let text = """
            environment: live
            organisation: { id: derby_lac }
            listen: { host: 0.0.0.0, port: 99999 }
            outbound:
              derby_homes: { carrier_pigeon: {} }
              uhdb: { mesh: { url: x, mailbox: y, to: z, workflow: w, password: hunter2, shared_key: file:k } }
            colour: blue
            """
        let refused = #expect(throws: ConfigurationError.self) {
            try Configuration.parse(text, folder: "/srv/hub")
        }
        let error = try #require(refused)
        let keys = Set(error.problems.map(\.key))
        #expect(
            keys.isSuperset(of: [
                "environment", "organisation.name", "listen.port", "listen", "outbound.derby_homes",
                "outbound.derby_homes.carrier_pigeon", "outbound.uhdb.mesh.password", "colour",
            ])
        )
        #expect(error.problems.first { $0.key == "colour" }?.line == 7)
        #expect(!error.description.contains("hunter2"))
    }

    @Test func `a mailbox that is collected says whose its messages are`() throws {
        let mailbox = """
            mesh:
              DERBYLAC01:
                url: https://localhost:8483
                password: file:secrets/password
                shared_key: env:MESH_KEY
                interval: 300
                senders:
                  - { mailbox: rtglocal1, workflow: LAC_REFERRAL, partner: uhdb, acknowledgement: LAC_REFERRAL_ACK }
                  - { mailbox: RTGLOCAL1, workflow: LAC_TABLE, partner: dchs }
            """
        let configuration = try Configuration.parse(Self.whole + "\n" + mailbox, folder: "/srv/hub")
        let collected = try #require(configuration.meshMailboxes.first)
        #expect(collected.mailbox == "DERBYLAC01" && collected.interval == .seconds(300))
        #expect(collected.password == .file("/srv/hub/secrets/password"))
        #expect(collected.senders.map(\.mailbox) == ["RTGLOCAL1", "RTGLOCAL1"])
        #expect(collected.senders.map(\.acknowledgement) == ["LAC_REFERRAL_ACK", nil])
    }

    @Test func `a secret may say when it ends`() throws {
        func read(_ password: String) throws -> Configuration {
            try Configuration.parse(
                Self.whole.replacing("password: file:secrets/password", with: "password: \(password)"),
                folder: "/srv/hub")
        }
        let configuration = try read("{ from: file:secrets/password, expires: 2027-03-31 }")
        #expect(configuration.secretEnds.map(\.about) == ["outbound.uhdb.mesh.password"])
        #expect(configuration.secretEnds.map(\.ends.rfc3339) == ["2027-04-01T00:00:00Z"])
        guard case .mesh(let trust)? = configuration.outbound["uhdb"]?[.mesh] else {
            Issue.record("no endpoint")
            return
        }
        #expect(trust.password == .file("/srv/hub/secrets/password"))
        #expect(try read("file:secrets/password").secretEnds.isEmpty)
        for (wrong, key) in [
            ("{ from: file:p, expires: 2027-02-30 }", ".expires"), ("{ from: file:p }", ".expires"),
            ("{ expires: 2027-03-31 }", ".from"), ("{ from: hunter2, expires: 2027-03-31 }", ".from"),
            ("{ from: { from: file:p }, expires: 2027-03-31 }", ".from"),
            ("{ from: file:p, expires: 2027-03-31, until: 1 }", ".until"),
        ] {
            let refused = #expect(throws: ConfigurationError.self) { try read(wrong) }
            let error = try #require(refused)
            #expect(error.problems.map(\.key).contains("outbound.uhdb.mesh.password\(key)"), "\(wrong)")
            #expect(!error.description.contains("hunter2"))
        }
    }

    @Test func `a partner by MESH has one workflow, or one by each of its adapter's names`() throws {
        func workflows(_ text: String) throws -> MESHWorkflows? {
            let configuration = try Configuration.parse(
                Self.whole.replacing("workflow: LAC_REFERRAL", with: text), folder: "/srv/hub")
            guard case .mesh(let trust)? = configuration.outbound["uhdb"]?[.mesh] else { return nil }
            return trust.workflows
        }
        #expect(try workflows("workflow: LAC_REFERRAL") == .one("LAC_REFERRAL"))
        #expect(
            try workflows("workflows: { uhdb_referral: A, uhdb_concern: B }")
                == .named(["uhdb_referral": "A", "uhdb_concern": "B"]))
        for (wrong, key) in [
            ("workflows: { a: A }, workflow: B", "workflow"), ("workflows: {}", "workflows"),
            ("workflows: [A]", "workflows"), ("workflows: { a: '' }", "workflows.a"),
            ("workflows: { a: { b: c } }", "workflows.a"), ("cutoff: 1", "workflow"),
        ] {
            let lines = wrong.replacing(", workflow:", with: "\n      workflow:")
            let refused = #expect(throws: ConfigurationError.self) { try workflows(lines) }
            #expect(try #require(refused).problems.map(\.key).contains("outbound.uhdb.mesh.\(key)"), "\(wrong)")
        }
    }

    @Test
    func `a partner's HTTPS interface may want tokens, signatures, a private network and an older TLS for a while`()
        throws
    {
        let text = """
            environment: production
            organisation: { id: a, name: b }
            outbound:
              derby_homes:
                https:
                  url: https://partner.example.org/shares
                  oauth:
                    token_url: https://partner.example.org/token
                    client_id: lac
                    key: file:secrets/oauth.key
                    kid: lac-1
                    algorithm: PS256
                    scope: shares
                    ca: tls/token-ca.pem
                  signing_secret: env:SIGNING
                  private_network: true
                  tls12_until: 2027-03-31
            """
        let configuration = try Configuration.parse(text, folder: "/srv/hub")
        guard case .https(let https)? = configuration.outbound["derby_homes"]?[.httpsMTLS] else {
            Issue.record("no endpoint")
            return
        }
        let oauth = try #require(https.oauth)
        #expect(oauth.tokenURL == "https://partner.example.org/token" && oauth.clientID == "lac")
        #expect(oauth.key == .file("/srv/hub/secrets/oauth.key") && oauth.keyID == "lac-1")
        #expect(oauth.algorithm == .ps256 && oauth.scope == "shares" && oauth.authority == "/srv/hub/tls/token-ca.pem")
        #expect(https.signingSecret == .environment("SIGNING") && https.isOnPrivateNetwork)
        #expect(https.tls12Until == CalendarDate(iso: "2027-03-31"))
    }

    @Test func `a GovTalk gateway is an HTTPS server that knows us by a name and a password`() throws {
        let text = """
            environment: production
            organisation: { id: a, name: b }
            outbound:
              dwp_jcp:
                govtalk:
                  url: https://gateway.example.org/submission
                  certificate: hub.pem
                  key: hub.key
                  timeout: 20
                  class: LAC-JCP
                  sender: LAC-DERBY
                  password: file:secrets/gateway
            """
        let configuration = try Configuration.parse(text, folder: "/srv/hub")
        guard case .govTalk(let gateway)? = configuration.outbound["dwp_jcp"]?[.httpsMTLS] else {
            Issue.record("no endpoint")
            return
        }
        #expect(
            gateway.server.url == "https://gateway.example.org/submission" && gateway.server.timeout == .seconds(20))
        #expect(gateway.messageClass == "LAC-JCP" && gateway.sender == "LAC-DERBY")
        #expect(gateway.password == .file("/srv/hub/secrets/gateway"))
        #expect(configuration.certificates.map(\.setting) == ["outbound.dwp_jcp.https_mtls.certificate"])
        let wrong =
            text.replacing("file:secrets/gateway", with: "hunter2").replacing("class: LAC-JCP", with: "token: env:T")
            + "\n    https: { url: https://gateway.example.org/ }"
        let refused = #expect(throws: ConfigurationError.self) { try Configuration.parse(wrong, folder: ".") }
        let keys = try #require(refused).problems.map(\.key)
        #expect(
            Set(keys) == [
                "outbound.dwp_jcp.govtalk.class", "outbound.dwp_jcp.govtalk.token", "outbound.dwp_jcp.govtalk.password",
                "outbound.dwp_jcp.govtalk",
            ])
        #expect(!(try #require(refused)).description.contains("hunter2"))
    }

    @Test func `a receiver of BaRS messages is an HTTPS server with a service and a use case`() throws {
        let text = """
            environment: production
            organisation: { id: a, name: b, ods: X99999 }
            bars: { services: ["999000"] }
            outbound:
              emas:
                bars:
                  url: https://bars.example.org/FHIR/R4
                  certificate: hub.pem
                  key: hub.key
                  service: "2000035280"
                  use_case: lac1
                  oauth: { token_url: https://bars.example.org/token, client_id: lac, key: "file:oauth.key", kid: k1 }
            """
        let configuration = try Configuration.parse(text, folder: "/srv/hub")
        guard case .bars(let bars)? = configuration.outbound["emas"]?[.httpsMTLS] else {
            Issue.record("no endpoint")
            return
        }
        #expect(bars.server.url == "https://bars.example.org/FHIR/R4" && bars.server.oauth?.clientID == "lac")
        #expect(bars.service == "2000035280" && bars.useCase == "lac1")
        #expect(configuration.certificates.map(\.setting) == ["outbound.emas.https_mtls.certificate"])
        let wrong = text.replacing("service: \"2000035280\"", with: "signing_secret: file:x").replacing(
            "use_case: lac1", with: "use_case: \"lac|1\"")
        let refused = #expect(throws: ConfigurationError.self) { try Configuration.parse(wrong, folder: ".") }
        #expect(
            Set(try #require(refused).problems.map(\.key)) == [
                "outbound.emas.bars.service", "outbound.emas.bars.signing_secret", "outbound.emas.bars.use_case",
            ])
    }

    @Test func `a receiver of HL7 v2 is reached under mutual TLS, or plainly where somebody says so`() throws {
        let text = """
            environment: production
            organisation: { id: a, name: b }
            outbound:
              uhdb:
                mllp: { host: engine.example.org, port: 2575, certificate: hub.pem, key: hub.key, ca: ca.pem, timeout: 20 }
              dhcft:
                mllp: { host: 10.0.0.7, port: 2576, plain: true, private_network: true, answer: commit }
            """
        let configuration = try Configuration.parse(text, folder: "/srv/hub")
        guard case .mllp(let tls)? = configuration.outbound["uhdb"]?[.mllp],
            case .mllp(let plain)? = configuration.outbound["dhcft"]?[.mllp]
        else {
            Issue.record("no endpoint")
            return
        }
        #expect(tls.channel.host == "engine.example.org" && tls.channel.port == 2575)
        #expect(
            tls.channel.tls
                == TLSFiles(
                    certificateAuthority: "/srv/hub/ca.pem", certificate: "/srv/hub/hub.pem", key: "/srv/hub/hub.key"))
        #expect(tls.channel.answer == .application && tls.channel.answerTimeout == .seconds(20))
        #expect(plain.channel.tls == nil && plain.channel.privateNetworkAllowed && plain.channel.answer == .commit)
    }

    @Test func `the table of an exercise has a folder and a sheet`() throws {
        let text = """
            environment: production
            organisation: { id: a, name: b }
            outbound:
              cabinet_office:
                nfi_web: { folder: nfi, sheet: /etc/referral-hub/nfi-2026.yaml }
            """
        let configuration = try Configuration.parse(text, folder: "/srv/hub")
        guard case .exercise(let exercise)? = configuration.outbound["cabinet_office"]?[.nfiWeb] else {
            Issue.record("no endpoint")
            return
        }
        #expect(exercise.folder == "/srv/hub/nfi" && exercise.sheet == "/etc/referral-hub/nfi-2026.yaml")
        #expect(configuration.certificates.isEmpty)
        let wrong = text.replacing("folder: nfi, sheet: /etc/referral-hub/nfi-2026.yaml", with: "url: x")
        let refused = #expect(throws: ConfigurationError.self) { try Configuration.parse(wrong, folder: ".") }
        let keys = try #require(refused).problems.map(\.key)
        #expect(
            Set(keys) == [
                "outbound.cabinet_office.nfi_web.folder", "outbound.cabinet_office.nfi_web.sheet",
                "outbound.cabinet_office.nfi_web.url",
            ])
        // What partners fetch from is no place for it, nor is a sheet that is not there.
        var adapter = try #require(
            AdapterCatalogue.load(
                URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../adapters")
                    .standardizedFileURL.path
            ).0["cabinet_office"])
        let problems = exercise.fill(&adapter, at: "x", drop: "/srv/hub")
        #expect(problems.map(\.key) == ["x.sheet", "x.folder"])
        #expect(exercise.fill(&adapter, at: "x", drop: "/srv/hu").map(\.key) == ["x.sheet"])
    }

    @Test func `the portal has no settings`() throws {
        func text(_ portal: String) -> String {
            """
            environment: test
            organisation: { id: a, name: b }
            outbound: { subject: { portal: \(portal) } }
            """
        }
        guard case .portal? = try Configuration.parse(text("{}"), folder: ".").outbound["subject"]?[.portal] else {
            Issue.record("no endpoint")
            return
        }
        let refused = #expect(throws: ConfigurationError.self) {
            try Configuration.parse(text("{ folder: x }"), folder: ".")
        }
        #expect(refused?.problems.map(\.key) == ["outbound.subject.portal.folder"])
    }

    @Test func `ways out that are wrongly configured are refused with every place`() throws {
        let text = """
            environment: production
            organisation: { id: a, name: b }
            outbound:
              a:
                https:
                  url: https://partner.example.org/
                  token: env:TOKEN
                  oauth: { token_url: https://partner.example.org/token, key: hunter2, algorithm: HS256 }
                  signing_secret: hunter2
                  private_network: perhaps
                  tls12_until: next year
              b: { mllp: { host: engine.example.org } }
              c: { mllp: { host: engine.example.org, port: 2575, plain: true, certificate: c.pem, key: k.pem } }
              d: { mllp: { port: 0, certificate: c.pem, key: k.pem, answer: perhaps, tls12_until: 2027-02-30 } }
            """
        let refused = #expect(throws: ConfigurationError.self) { try Configuration.parse(text, folder: ".") }
        let keys = try #require(refused).problems.map(\.key)
        #expect(
            Set(keys) == [
                "outbound.a.https.token", "outbound.a.https.oauth.client_id", "outbound.a.https.oauth.key",
                "outbound.a.https.oauth.kid", "outbound.a.https.oauth.algorithm", "outbound.a.https.signing_secret",
                "outbound.a.https.private_network", "outbound.a.https.tls12_until", "outbound.b.mllp.port",
                "outbound.b.mllp", "outbound.c.mllp", "outbound.d.mllp.host", "outbound.d.mllp.port",
                "outbound.d.mllp.answer", "outbound.d.mllp.tls12_until",
            ])
        #expect(!(try #require(refused)).description.contains("hunter2"))
    }

    @Test func `a mailbox that is wrongly configured is refused with every place`() throws {
        let text = """
            environment: production
            organisation: { id: a, name: b }
            mesh:
              A:
                password: hunter2
                shared_key: file:k
                interval: 60
                senders:
                  - { mailbox: B, workflow: W, partner: p }
                  - { mailbox: b, workflow: W, partner: q }
                  - { mailbox: "*", workflow: W, partner: p, acknowledgement: A }
                  - { mailbox: C, wrkflow: W }
              D: { url: x, password: file:p, shared_key: file:k }
            """
        let refused = #expect(throws: ConfigurationError.self) { try Configuration.parse(text, folder: ".") }
        let keys = try #require(refused).problems.map(\.key)
        #expect(
            Set(keys) == [
                "mesh.A.url", "mesh.A.password", "mesh.A.interval", "mesh.A.senders[1]",
                "mesh.A.senders[2].acknowledgement",
                "mesh.A.senders[3].wrkflow",
                "mesh.A.senders[3].workflow", "mesh.A.senders[3].partner", "mesh.D.senders",
            ])
        #expect(!(try #require(refused)).description.contains("hunter2"))
    }

    @Test func `a mailbox that is sent to says how the document is protected`() throws {
        let text = """
            environment: test
            organisation: { id: a, name: b }
            outbound:
              court_of_protection:
                smime_email:
                  smtp: smtps://relay.example:465
                  user: hub
                  password: file:secrets/relay
                  ca: tls/relay.pem
                  from: lac@derby.example
                  to: court@partner.example
                  certificate: tls/court.pem
                  authorities: tls/mail-ca.pem
                  revocation: tls/mail-ca.crl
                  cipher: aes-256-gcm
                  sign: { certificate: tls/mail.pem, key: tls/mail.key }
                  timeout: 90
              dwp_jcp:
                tls_email: { smtp: "smtp://relay.example:587", from: lac@derby.example, to: a@b.example, assured: [b.example] }
              derbys_police:
                cjsm_email: { smtp: "smtps://relay.example", from: lac@derby.example, to: a@derbyshire.cjsm.net }
            """
        let outbound = try Configuration.parse(text, folder: "/srv/hub").outbound
        guard case .mail(let court)? = outbound["court_of_protection"]?[.smimeEmail],
            case .encrypted(let encryption) = court.protection, case .mail(let dwp)? = outbound["dwp_jcp"]?[.tlsEmail],
            case .assured(let domains) = dwp.protection,
            case .mail(let police)? = outbound["derbys_police"]?[.cjsmEmail],
            case .criminalJustice = police.protection
        else {
            Issue.record("the endpoints were not read")
            return
        }
        #expect(court.relay == "smtps://relay.example:465" && court.timeout == .seconds(90))
        #expect(court.password == .file("/srv/hub/secrets/relay") && court.authority == "/srv/hub/tls/relay.pem")
        #expect(encryption.certificate == "/srv/hub/tls/court.pem" && encryption.cipher == .aes256GCM)
        #expect(
            encryption.trust
                == .authorities("/srv/hub/tls/mail-ca.pem", revocationLists: "/srv/hub/tls/mail-ca.crl"))
        #expect(encryption.signer == "/srv/hub/tls/mail.pem" && encryption.signerKey == "/srv/hub/tls/mail.key")
        #expect(domains == ["b.example"] && police.timeout == .seconds(60))
    }

    @Test func `a mailbox that is wrongly configured to be sent to is refused with every place`() throws {
        let text = """
            environment: test
            organisation: { id: a, name: b }
            outbound:
              a: { smime_email: { smtp: "smtps://r", from: f, to: t, certificate: c, cipher: rc2, timeout: 0 } }
              b: { smime_email: { smtp: "smtps://r", from: f, to: t, authorities: x, pin: y, sign: { key: k } } }
              c: { smime_email: { from: f, to: t, certificate: c, pin: y, revocation: z, sign: { certificate: a, key: k } } }
              d: { tls_email: { smtp: "smtps://r", user: u, from: f, to: t, certificate: c } }
              e: { cjsm_email: { smtp: "smtps://r", user: u, password: hunter2, from: f, assured: [x] } }
            """
        let refused = #expect(throws: ConfigurationError.self) { try Configuration.parse(text, folder: ".") }
        let error = try #require(refused)
        #expect(
            Set(error.problems.map(\.key)) == [
                "outbound.a.smime_email.sign", "outbound.a.smime_email.sign.certificate",
                "outbound.a.smime_email.sign.key", "outbound.a.smime_email", "outbound.a.smime_email.cipher",
                "outbound.a.smime_email.timeout", "outbound.b.smime_email", "outbound.b.smime_email.certificate",
                "outbound.b.smime_email.sign.certificate", "outbound.c.smime_email.smtp",
                "outbound.c.smime_email.revocation", "outbound.d.tls_email", "outbound.d.tls_email.assured",
                "outbound.d.tls_email.certificate", "outbound.e.cjsm_email.password", "outbound.e.cjsm_email.to",
                "outbound.e.cjsm_email.assured",
            ])
        #expect(!error.description.contains("hunter2"))
    }

    @Test(
        arguments: [
            ("{ socket: run/clamd.sock }", .socket(path: "/srv/hub/run/clamd.sock")), ("{ port: 3310 }", .port(3310)),
        ] as [(String, VirusScanner.Address)])
    func `the virus scanner is reached by a socket or a port`(_ text: String, _ address: VirusScanner.Address) throws {
        let configuration = try Configuration.parse(Self.whole + "\nclamav: \(text)", folder: "/srv/hub")
        #expect(configuration.scanner?.address == address)
    }

    @Test(arguments: ["{}", "{ socket: a, port: 1 }", "{ port: 0 }", "{ host: elsewhere, port: 1 }"])
    func `a virus scanner that cannot be one is refused`(_ text: String) {
        #expect(throws: ConfigurationError.self) {
            try Configuration.parse(Self.whole + "\nclamav: \(text)", folder: "/srv/hub")
        }
    }

    @Test(arguments: ["", "[]", "- a", "environment: [", "a: b: c"])
    func `what is no configuration is refused without a crash`(text: String) {
        #expect(throws: ConfigurationError.self) { try Configuration.parse(text, folder: ".") }
    }

    @Test func `plain HTTP is for loopback only`() throws {
        let text = "environment: test\norganisation: { id: a, name: b }\nlisten: { host: 10.0.0.1 }"
        let refused = #expect(throws: ConfigurationError.self) { try Configuration.parse(text, folder: ".") }
        let error = try #require(refused)
        #expect(error.problems.map(\.key) == ["listen"])
    }

    @Test(arguments: ["0.0.0.0", "10.0.0.1", "hub.example.org"])
    func `the admin listener is for loopback only, with a certificate too`(host: String) throws {
        let start = "environment: test\norganisation: { id: a, name: b }\n"
        for files in ["", ", certificate: c.pem, key: k.pem"] {
            let refused = #expect(throws: ConfigurationError.self) {
                try Configuration.parse(start + "admin: { host: '\(host)'\(files) }", folder: ".")
            }
            #expect(try #require(refused).problems.map(\.key) == ["admin"])
        }
        let taken = try Configuration.parse(start + "admin: { port: 9000 }", folder: ".")
        #expect(taken.adminListener?.host == "127.0.0.1" && taken.adminListener?.port == 9000)
    }

    @Test func `limits have defaults, and a rate brings its burst along`() throws {
        let start = "environment: test\norganisation: { id: a, name: b }\n"
        let left = try Configuration.parse(start, folder: ".").limits
        #expect(left.requestsPerSecond == 2_000 && left.burst == 4_000 && left.bodyBytes == 256 << 20)
        let rate = try Configuration.parse(start + "limits: { requests_per_second: 50 }", folder: ".").limits
        #expect(rate.requestsPerSecond == 50 && rate.burst == 100)
        let all = "limits: { requests_per_second: 50, burst: 7, body_mebibytes: 16 }"
        let given = try Configuration.parse(start + all, folder: ".").limits
        #expect(given.requestsPerSecond == 50 && given.burst == 7 && given.bodyBytes == 16 << 20)
    }

    @Test(arguments: ["requests_per_second: 0", "burst: 0", "body_mebibytes: 15", "bodies: 1"])
    func `a limit under which nothing could be taken is refused`(limit: String) throws {
        let start = "environment: test\norganisation: { id: a, name: b }\n"
        let refused = #expect(throws: ConfigurationError.self) {
            try Configuration.parse(start + "limits: { \(limit) }", folder: ".")
        }
        #expect(try #require(refused).problems.map(\.key) == ["limits." + limit.prefix { $0 != ":" }])
    }

    @Test func `a public form is served only where it is asked for`() throws {
        let start = "environment: test\norganisation: { id: a, name: b }\n"
        #expect(try Configuration.parse(start, folder: ".").publicForm == nil)
        let bare = try #require(try Configuration.parse(start + "public_form: {}", folder: ".").publicForm)
        #expect(bare.sendsPerHour == 20 && !bare.isBehindProxy && bare.phone == nil)
        let all = """
            public_form:
              phone: 01632 960999
              email: team@council.example
              privacy_notice: https://council.example/privacy
              sends_per_hour: 5
              behind_proxy: true
            """
        let given = try #require(try Configuration.parse(start + all, folder: ".").publicForm)
        #expect(given.sendsPerHour == 5 && given.isBehindProxy && given.email == "team@council.example")
    }

    @Test(arguments: ["privacy_notice: 'javascript:alert(1)'", "sends_per_hour: 0", "behind_proxy: 3", "script: yes"])
    func `a public form that makes no sense is refused`(line: String) throws {
        let start = "environment: test\norganisation: { id: a, name: b }\n"
        let refused = #expect(throws: ConfigurationError.self) {
            try Configuration.parse(start + "public_form: { \(line) }", folder: ".")
        }
        #expect(try #require(refused).problems.map(\.key) == ["public_form." + line.prefix { $0 != ":" }])
    }

    @Test func `processes that share a configuration have admin listeners of their own`() throws {
        let start = "environment: test\norganisation: { id: a, name: b }\n"
        let without = try Configuration.parse(start, folder: ".").administered(on: 9001)
        #expect(without.adminListener?.host == "127.0.0.1" && without.adminListener?.port == 9001)
        let other = try Configuration.parse(start + "admin: { host: '::1' }", folder: ".").administered(on: 9001)
        #expect(other.adminListener?.host == "::1" && other.adminListener?.port == 9001)
    }

    @Test func `MLLP listeners are read, plain on loopback and under TLS elsewhere`() throws {
        let start = "environment: test\norganisation: { id: a, name: b }\n"
        #expect(try Configuration.parse(start, folder: ".").mllp.isEmpty)
        let text = """
            mllp:
              - { partner: uhdb, port: 2575 }
              - { partner: dhcft, host: 10.1.1.1, port: 2576, plain_from: [10.2.2.2], connections: 3 }
              - { partner: uhdb, host: 0.0.0.0, port: 2577, certificate: c.pem, key: k.pem, ca: a.pem, clients: [Engine.Example] }
            """
        let mllp = try Configuration.parse(start + text, folder: "/srv").mllp
        #expect(mllp.map(\.partner) == ["uhdb", "dhcft", "uhdb"] && mllp.map(\.port) == [2575, 2576, 2577])
        #expect(mllp[0].host == "127.0.0.1" && mllp[0].connections == 16 && mllp[0].tls == nil)
        #expect(mllp[1].plainFrom == ["10.2.2.2"] && mllp[1].connections == 3)
        #expect(mllp[2].tls?.certificate == "/srv/c.pem" && mllp[2].tls?.clients == ["engine.example"])
    }

    @Test(arguments: [
        ("{ port: 1 }", "mllp[0].partner"), ("{ partner: a }", "mllp[0].port"),
        ("{ partner: a, host: 10.0.0.1, port: 1 }", "mllp[0]"),
        ("{ partner: a, port: 1, certificate: c.pem, key: k.pem, ca: a.pem }", "mllp[0]"),
        ("{ partner: a, port: 1, plain_from: [engine] }", "mllp[0].plain_from"),
        ("{ partner: a, port: 1, connections: 0 }", "mllp[0].connections"),
        ("{ partner: a, port: 1 }, { partner: b, port: 1 }", "mllp[1].port"), ("", "mllp"),
    ])
    func `an MLLP listener that is not safe or makes no sense is refused`(listener: String, key: String) throws {
        let list = listener.isEmpty ? "all" : "[\(listener)]"
        let text = "environment: test\norganisation: { id: a, name: b }\nmllp: \(list)"
        let refused = #expect(throws: ConfigurationError.self) { try Configuration.parse(text, folder: ".") }
        #expect(try #require(refused).problems.map(\.key).contains(key))
    }

    @Test func `a secret that is not there is named by its reference`() {
        #expect(throws: ConfigurationError.self) { try SecretReference.environment("HUB_NO_SUCH_SECRET").resolve() }
        #expect(throws: ConfigurationError.self) { try SecretReference.file("/nowhere/secret").resolve() }
    }
}

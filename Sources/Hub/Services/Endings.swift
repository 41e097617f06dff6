import CaseStore
import Disclosure
import Logging
import Postgres

/// What ends on a known day, wherever that day stands: in the configuration, in the disclosure rules, or on record.
enum Endings {
    static func all(
        _ configuration: Configuration, _ rules: PolicyRules?, in connection: Connection
    ) throws -> [Ending] {
        try configuration.secretEnds + (rules?.register.endings ?? []) + CaseStore.endings(in: connection)
    }

    /// Says in the log what ends within weeks, or has ended. Asked once a day.
    static func warn(of installation: Installation, at now: Timestamp = .now()) async throws {
        let rules = installation.policy.inForce
        let endings = try await installation.acting(as: .audit).database.read {
            [configuration = installation.configuration] connection in
            try all(configuration, rules, in: connection)
        }
        for ending in endings where ending.isNear(at: now) {
            installation.logger.warning(
                "something ends soon, or has ended",
                metadata: [
                    "kind": "\(ending.kind.rawValue)", "about": "\(ending.about)",
                    "ends": "\(ending.ends.rfc3339.prefix(10))",
                ])
        }
        for certificate in installation.certificates where certificate.isNearItsEnd(at: now) {
            installation.logger.warning(
                "a certificate ends soon, has ended or cannot be read", metadata: ["setting": "\(certificate.setting)"])
        }
    }
}

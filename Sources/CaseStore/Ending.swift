package import Disclosure
package import Postgres
import Referral

/// Something that holds until a known day, and that somebody must renew or replace in time.
package struct Ending: Sendable, Hashable {
    package enum Kind: String, CaseIterable, Sendable {
        /// A secret of the configuration.
        case secret
        /// The period for which somebody is entered in the register of the disclosure rules.
        case contract
        /// A project for which extracts are made.
        case project
        /// The last live API key of a partner.
        case apiKey = "api_key"
        /// The last live certificate by whose key a partner is known.
        case certificate
        /// The last live public key by which a partner signs for access tokens.
        case clientKey = "client_key"
    }

    /// How long before its end something is told to staff.
    package static let warned = Duration.seconds(30 * 86_400)

    package var kind: Kind
    /// A setting, an id of the register, a project as `recipient/id`, or a partner's id.
    package var about: String
    package var ends: Timestamp

    package init(_ kind: Kind, _ about: String, ends: Timestamp) {
        self.kind = kind
        self.about = about
        self.ends = ends
    }

    package func isOver(at now: Timestamp) -> Bool { ends <= now }

    /// Whether staff should see to it. What is agreed with others may be over for good, so it is not told for ever; a secret
    /// is told until somebody takes it out.
    package func isNear(at now: Timestamp) -> Bool {
        ends < now + Self.warned && (kind == .secret || now < ends + Self.warned)
    }

    /// In words, for a person.
    package func text(at now: Timestamp) -> String {
        let what = kind.rawValue.replacing("_", with: " ")
        return "\(what) \(about): \(isOver(at: now) ? "ended" : "ends") \(ends.rfc3339.prefix(10))"
    }
}

extension RecipientRegister {
    /// When those who were entered one by one cease to be recipients: of several periods the last.
    package var endings: [Ending] {
        entered.compactMap { id, periods in
            let days = periods.map(\.until)
            guard !days.contains(nil), let last = days.compactMap({ $0 }).max() else { return nil }
            return Ending(.contract, id, ends: Timestamp(LondonTime.instant(last, second: 0)))
        }.sorted { $0.about < $1.about }
    }
}

extension CaseStore {
    /// When projects end, and the last live credential of each kind of each partner that has none without an end.
    package static func endings(in connection: Connection) throws -> [Ending] {
        let projects = try connection.query(
            "SELECT recipient || '/' || id, ends::text FROM record.extract_project ORDER BY 1",
            name: "record.ends_of_projects"
        ).compactMap { row -> Ending? in
            let (about, day) = try row.decode(String.self, String.self)
            return CalendarDate(iso: day).map {
                // The day that is named is the last one.
                Ending(.project, about, ends: Timestamp(LondonTime.instant($0, second: 86_400)))
            }
        }
        let credentials = try connection.query(
            """
            WITH credential AS (
                SELECT 'api_key' AS kind, partner, expires_at, revoked_at FROM record.api_key
                UNION ALL
                SELECT 'certificate', partner, expires_at, revoked_at FROM record.client_certificate
                UNION ALL
                SELECT 'client_key', partner, expires_at, revoked_at FROM record.client_key
            )
            SELECT credential.kind, partner, max(expires_at)
            FROM credential JOIN record.partner ON partner.id = credential.partner
            WHERE revoked_at IS NULL AND is_enabled
            GROUP BY credential.kind, partner
            HAVING bool_and(expires_at IS NOT NULL)
            ORDER BY credential.kind, partner
            """, name: "record.ends_of_credentials"
        ).compactMap { row -> Ending? in
            let (word, partner, ends) = try row.decode(String.self, String.self, Timestamp.self)
            return Ending.Kind(rawValue: word).map { Ending($0, partner, ends: ends) }
        }
        return projects + credentials
    }
}

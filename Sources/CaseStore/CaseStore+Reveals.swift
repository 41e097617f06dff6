import Disclosure
import FoundationEssentials
package import Ledger
package import Postgres
import Referral

/// Where a referral stands in what came: its submission, and its place among the parts of that, from 0.
package struct ReferralPlace: Sendable, Hashable {
    package var referral: UUIDValue
    package var submission: UUIDValue
    package var ordinal: Int
    package var type: String
}

/// One value that somebody is about to be shown, and why.
package struct Reveal: Sendable {
    /// Of the form that asks for it, and of the entry: what was asked for once is shown once.
    package var id: UUIDValue
    package var part: LedgerPart
    /// Its place, without anything of anybody.
    package var field: String
    /// A code word.
    package var reason: String
    package var reference: String?
    /// What it is a value of.
    package var about: [LedgerField: UUIDValue]

    package init(
        id: UUIDValue, part: LedgerPart, field: String, reason: String, reference: String?,
        about: [LedgerField: UUIDValue]
    ) {
        self.id = id
        self.part = part
        self.field = field
        self.reason = reason
        self.reference = reference
        self.about = about
    }
}

/// What is kept of the last time that a share left.
package struct KeptRelease: Sendable {
    /// The share with the facts on which it left, and the person's picture of this moment.
    package var prepared: PreparedShare
    package var decision: StoredDecision
}

extension CaseStore {
    /// Where a referral stands in what came; nil when there is none.
    package func place(ofReferral id: UUIDValue, in connection: Connection) throws -> ReferralPlace? {
        try connection.query(
            "SELECT id, submission, ordinal, type::text FROM record.referral WHERE id = \(id)",
            name: "record.referral_place"
        ).first.map(Self.place)
    }

    /// The referrals of a submission in its order, so many at most: a file has very many.
    package func places(
        inSubmission submission: UUIDValue, from ordinal: Int = 0, limit: Int, in connection: Connection
    ) throws -> [ReferralPlace] {
        try connection.query(
            """
            SELECT id, submission, ordinal, type::text
            FROM record.referral
            WHERE submission = \(submission) AND ordinal >= \(ordinal)
            ORDER BY ordinal
            LIMIT \(limit)
            """, name: "record.referral_places"
        ).map(Self.place)
    }

    private static func place(_ row: Row) throws -> ReferralPlace {
        let (id, submission, ordinal, type) = try row.decode(UUIDValue.self, UUIDValue.self, Int.self, String.self)
        return ReferralPlace(referral: id, submission: submission, ordinal: ordinal, type: type)
    }

    /// How many bytes a submission came in; nil when there is none.
    package func size(ofSubmission id: UUIDValue, in connection: Connection) throws -> Int? {
        try connection.query(
            "SELECT size FROM record.submission WHERE receipt = \(id)", name: "record.submission_size"
        ).first?.decode(Int.self)
    }

    /// The shares that were asked for about a referral, or about its person as a whole, newest first.
    package func shares(
        aboutReferral id: UUIDValue, limit: Int, in connection: Connection
    ) throws -> [Share] {
        try connection.query(
            """
            SELECT \(Share.columns)
            FROM record.share
            WHERE person IN (
                    SELECT record.members(record.survivor(referral.person)) FROM record.referral WHERE referral.id = \(id)
                )
                AND coalesce(referral, \(id)) = \(id)
            ORDER BY id DESC
            LIMIT \(limit)
            """, name: "record.shares_about_referral"
        ).map(Share.init)
    }

    /// Enters that one value is shown, and why. Commit it before the value is shown: what it is a value of is there until
    /// then, and an erasure waits.
    ///
    /// - Throws: `SQLState.uniqueViolation` where the same form has asked before; the transaction is over then.
    ///   ``CaseStoreError/keyDestroyed(person:)`` or ``CaseStoreError/documentDestroyed(_:at:)`` where it is gone.
    package func enter(_ reveal: Reveal, by actor: String, in connection: Connection) throws {
        if let person = reveal.about[.person] { try hold(person: person, in: connection) }
        if reveal.part == .received, let submission = reveal.about[.submission] {
            try hold(document: submission, in: connection)
        }
        var fields: [LedgerField: String] = [
            .part: reveal.part.rawValue, .field: reveal.field, .reason: reveal.reason, .actor: actor,
        ]
        fields[.reference] = reveal.reference
        for (field, id) in reveal.about { fields[field] = id.description }
        let entry = LedgerEntry(
            id: reveal.id.description, at: Timestamp.now().microseconds, kind: .view, fields: fields)
        try append([entry], in: connection)
    }

    private func hold(person: UUIDValue, in connection: Connection) throws {
        try connection.execute(
            "SELECT FROM record.person WHERE id = \(person) FOR SHARE", name: "record.hold_revealed_person")
        // A statement of its own sees what was committed while the one before waited.
        let keys = try connection.query(
            "SELECT person FROM record.person_key WHERE person = \(person)", name: "record.key_of_revealed")
        if keys.isEmpty { throw CaseStoreError.keyDestroyed(person: person) }
    }

    private func hold(document receipt: UUIDValue, in connection: Connection) throws {
        let rows = try connection.query(
            "SELECT receipt FROM record.document WHERE receipt = \(receipt) FOR SHARE",
            name: "record.hold_revealed_document")
        if rows.isEmpty {
            throw CaseStoreError.documentDestroyed(
                receipt, at: try self.receipt(receipt, in: connection)?.documentDestroyedAt ?? .now())
        }
    }

    /// What is kept of the last time that a share left, to make again what left; enters that it was looked at.
    ///
    /// - Returns: Nothing when it never left.
    /// - Throws: ``CaseStoreError/keyDestroyed(person:)`` once the person was erased.
    package func lastRelease(
        of share: UUIDValue, viewedBy actor: String, in connection: Connection
    ) throws -> KeptRelease? {
        let decisions = try decisions(share, viewedBy: actor, part: .masked, in: connection)
        let left = decisions.last { $0.facts.stage == .send && ["PERMIT", "PERMIT_REDUCED"].contains($0.outcome) }
        let states = ShareState.allCases.filter { $0 != .requested }
        guard let left,
            var prepared = try prepare(
                of: [share], states, stage: .send, isLocked: false, in: connection,
                recipient: { _ in RecipientSetup(channels: nil) }
            ).first
        else { return nil }
        prepared.facts = left.facts
        return KeptRelease(prepared: prepared, decision: left)
    }

    /// When a share left last, the SHA-256 of what left, in hexadecimal, and the groups of facts that might leave, as the
    /// ledger has it: what the share says of them may be of a later decision, by which it was stopped.
    package func lastReleaseEntry(
        of share: UUIDValue, in connection: Connection
    ) throws -> (at: Timestamp, digest: String, released: [String])? {
        let rows = try connection.query(
            """
            SELECT at, bytes
            FROM ledger.entry
            WHERE share = \(share) AND kind = 'release'
            ORDER BY at DESC
            LIMIT 1
            """, name: "ledger.last_release"
        ).decode(Timestamp.self, [UInt8]?.self)
        guard let (at, bytes) = rows.first else { return nil }
        let said = bytes.flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0)) }
        let released = (said?[LedgerField.released.rawValue] ?? "").split(separator: " ").map(String.init)
        return (at, said?[LedgerField.bytesHash.rawValue] ?? "", released)
    }
}

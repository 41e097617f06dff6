package import Postgres
import Vault

extension CaseStore {
    /// Notes that somebody who wrote an e-mail is answered now, unless they were within a day, or too many were within an
    /// hour. Only a blind index of the address is kept.
    ///
    /// - Returns: Whether to answer.
    package func claimMailAnswer(
        to address: String, perHour: Int, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        let (day, hour) = (at - .seconds(86_400), at - .seconds(3600))
        return try connection.execute(
            """
            INSERT INTO record.mail_answer (address_index, answered_at)
            SELECT \(vault.blindIndex(.mailAddress, address.lowercased())), \(at)
            WHERE (SELECT count(*) FROM record.mail_answer WHERE answered_at > \(hour)) < \(perHour)
            ON CONFLICT (address_index) DO UPDATE
                SET answered_at = excluded.answered_at
                WHERE mail_answer.answered_at <= \(day)
            """, name: "record.claim_mail_answer") > 0
    }

    /// Takes back that somebody is answered, because the answer could not be sent.
    package func releaseMailAnswer(to address: String, in connection: Connection) throws {
        _ = try connection.execute(
            """
            DELETE FROM record.mail_answer
            WHERE address_index = \(vault.blindIndex(.mailAddress, address.lowercased()))
            """, name: "record.release_mail_answer")
    }

    /// Forgets who was answered longer ago than matters.
    package func forgetMailAnswers(before: Timestamp, in connection: Connection) throws {
        _ = try connection.execute(
            "DELETE FROM record.mail_answer WHERE answered_at < \(before)", name: "record.forget_mail_answers")
    }
}

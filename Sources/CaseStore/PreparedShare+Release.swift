package import Disclosure
import Postgres
package import Referral

extension PreparedShare {
    /// What leaves, as the adapters' shapes name it: the share, the agreement, the sender, and of the person's picture
    /// what the decision releases.
    ///
    /// The picture is that of the transaction in which the share was prepared. What is not released is absent.
    package func release(_ decision: Decision, from sender: ReleaseSender) -> Value {
        guard decision.outcome.releases, case .object(var release) = profile.released(decision.released) else {
            return .object(Object())
        }
        var origin = Object([("id", .string(sender.id)), ("name", .string(sender.name))])
        origin["ods"] = sender.ods.map(Value.string)
        release["sender"] = .object(origin)
        release["share"] = [
            "id": .string(share.id.description), "purpose": .string(share.request.purpose),
            "recipient": .string(share.request.recipient),
            "level": .string(decision.level?.rawValue ?? share.request.level),
            "created_at": .string(share.request.requestedAt.rfc3339),
        ]
        if let agreement = facts.agreements.first(where: { $0.id == decision.agreementID }) {
            release["agreement"] = [
                "id": .string(agreement.id), "version": .number(String(agreement.version)),
                "signed_on": .string(agreement.signedOn.dayInLondon.iso),
            ]
        }
        release["groups"] = .array(decision.released.words.map(Value.string))
        return .object(release)
    }
}

extension Instant {
    /// The day in Europe/London. Days of signing are entered as that day's 00:00 there.
    ///
    /// Summer time runs from the last Sunday of March to the last Sunday of October, each at 01:00 UTC (Summer Time Act
    /// 1972, as amended by SI 2002/262; before 2002 the dates differed).
    var dayInLondon: CalendarDate {
        let hour: Int64 = 3_600_000_000
        func change(_ month: Int) -> Instant? {
            guard let last = CalendarDate(year: date.year, month: month, day: 31) else { return nil }
            // 1970-01-01 was a Thursday, four days after a Sunday.
            let sinceSunday = ((last.daysSince1970 + 4) % 7 + 7) % 7
            return Instant(
                microseconds: Int64(last.daysSince1970 - sinceSunday) * 24 * hour + hour)
        }
        guard let start = change(3), let end = change(10), start <= self, self < end else { return date }
        return Instant(microseconds: microseconds + hour).date
    }
}

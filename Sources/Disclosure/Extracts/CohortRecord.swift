package import Referral

/// One person of a cohort: everything that an extract may tell of anybody, and what finds them again inside the hub.
///
/// The hub does not hold, and so no extract tells: ethnicity, baselines and follow-ups of outcomes, contacts with the team
/// (partner interfaces, section 16). Free text, names, numbers, addresses and exact dates have no place here by design.
package struct CohortRecord: Sendable, Hashable {
    /// The stable internal id, from which a pseudonym is made. It is never written into an extract.
    package let person: String
    /// A keyed number that stands for the person among those of earlier releases.
    package let mark: Int64
    /// Full years on the day of the extract; nil when the birth date is not known.
    package var age: Int?
    package var sex: Sex?
    package var area: Area?
    package var needs: Set<NeedCode> = []
    package var source: SourceCode?
    /// The day on which the first referral came.
    package var referredOn: CalendarDate
    /// The day on which the last case ended; nil while one is open.
    package var closedOn: CalendarDate?
    /// Why it ended.
    package var ending: EndingCode?
    package var isCareLeaver = false
    /// Whether extracts may be joined by the person's pseudonym.
    package var isLinkable = true

    package init(person: String, mark: Int64, referredOn: CalendarDate) {
        self.person = person
        self.mark = mark
        self.referredOn = referredOn
    }

    /// The needs that an extract can tell at all, in the order of the list: those whose group is NEEDS. The others belong to
    /// HEALTH, RISK, HAZARD, FIN or HOUSING, which no row of the matrix gives to research, evaluation or planning.
    static let needs = NeedCode.allCases.filter { $0.group == .needs }
}

extension CalendarDate {
    /// The month, as `yyyy-mm`.
    var month7: String { String(iso.prefix(7)) }
}

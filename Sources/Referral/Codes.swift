/// What a message does (partner interfaces, section 1).
package enum MessageType: String, CaseIterable, Sendable, Hashable {
    case referral, update, withdrawal, outcome, notice

    /// Whether it only makes sense as an answer to an earlier message.
    package var answersAnother: Bool { self == .update || self == .withdrawal }
}

/// The protective marking; ``officialSensitive`` when a document has none.
package enum Marking: String, CaseIterable, Sendable, Hashable {
    case official = "OFFICIAL"
    case officialSensitive = "OFFICIAL-SENSITIVE"
}

/// How soon somebody should act, most pressing last.
package enum Urgency: String, CaseIterable, Sendable, Hashable, Comparable {
    case routine
    /// Within 3 working days.
    case soon
    /// The same day.
    case urgent
    /// The sender was told to call 999 first.
    case emergency

    package static func < (left: Urgency, right: Urgency) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}

/// Sex as the envelope writes it: female, male, unknown, indeterminate or other.
package enum Sex: String, CaseIterable, Sendable, Hashable {
    case female = "F"
    case male = "M"
    case unknown = "U"
    case other = "X"
}

/// Whom the person would rather open the door to.
package enum VisitorGender: String, CaseIterable, Sendable, Hashable {
    case female = "F"
    case male = "M"
}

/// The way in which the person prefers to be reached.
package enum PreferredContact: String, CaseIterable, Sendable, Hashable {
    case phone, text, email, letter, visit
    /// Through the referrer or another named person.
    case referrer
}

/// Whether the person agreed to be referred. It is not a Shared Agreement and permits no disclosure.
package enum ConsentAgreed: String, CaseIterable, Sendable, Hashable {
    case yes, no
    case notAsked = "not_asked"
    case lacksCapacity = "lacks_capacity"
}

/// Why support ended (partner interfaces, section 3.4).
package enum EndingCode: String, CaseIterable, Sendable, Hashable {
    case notEligible = "INE"
    case mistaken = "MIS"
    case duplicate = "DUP"
    case notEngaged = "NOT"
    case metElsewhere = "NEE"
    case movedAway = "MOV"
    case workOrCaring = "WOR"
    case died = "USE"
    case doneEarly = "EAR"
    case other = "ANO"
    case completed = "CMP"
    case declined = "DEC"
}

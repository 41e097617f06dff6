import CaseStore
import Disclosure
import Postgres
import Referral

extension PersonLook {
    /// What a control room was told of the person by a look.
    enum Told: String {
        case card
        case houseAndFirstName = "house_and_first_name"
        case keySafe = "key_safe"
        case nothing
    }

    var told: Told {
        guard !released.isEmpty else { return .nothing }
        switch (kind, outcome) {
        case (.reveal, .card): return .keySafe
        case (.look, .card): return .card
        case (.look, .candidates): return .houseAndFirstName
        case (_, .none), (.reveal, .candidates): return .nothing
        }
    }

    /// The look in words to the person whom it was at: who looked, when, for what, and what was told.
    ///
    /// Who asked there is not in it, nor who of staff answered the phone: that is data about somebody else, which the person is
    /// not given (disclosure policy, section 5, `subject_rights`).
    ///
    /// - Parameter name: The control room's.
    func words(from name: String) -> String {
        let clock = LondonTime.clock(Instant(microseconds: at.microseconds))
        let time = [clock.second / 3600, clock.second / 60 % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        let day = "\(clock.date.day) \(Self.months[clock.date.month - 1]) \(clock.date.year)"
        let asked = kind == .reveal ? "for the code of your key safe" : "how to get to you"
        let way = isByPhone == true ? ", by phone" : ""
        let why = incident.map { ", for its incident \($0)" } ?? ""
        let who = isUnproved ? "somebody at a computer of \(name), who could not be signed in," : name
        return "On \(day) at \(time.joined(separator: ":")) \(who) asked \(asked)\(way)\(why). \(answer)"
    }

    private var answer: String {
        switch told {
        case .nothing: "It was told nothing."
        case .keySafe: "It was told where your key safe is and its code."
        case .houseAndFirstName:
            "It was told "
                + [(FieldGroup.address, "the number or name of your house"), (.name, "your first name")]
                .filter { released.contains($0.0) }.map(\.1).joined(separator: " and ") + ", and nothing else."
        case .card:
            "It was told what your access card and our record have of these: "
                + Self.groups.filter { released.contains($0.group) }.map(\.words).joined(separator: "; ") + "."
        }
    }

    /// Everything that may be told in an emergency.
    private static let groups: [(group: FieldGroup, words: String)] = [
        (.name, "your name"), (.dob, "your date of birth"), (.nhsNumber, "your NHS number"),
        (.address, "your address and how to find it"),
        (.access, "how to get in, without the code of a key safe"), (.hazard, "dangers to those who come"),
        (.critical, "what a crew must know to help you"), (.family, "whom to call"),
    ]

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}

extension PersonLook {
    /// For the person's own copy: in words once a duty officer has looked into it, as nobody is to be told before.
    func value(from name: String) -> Value {
        var value: Value = [
            "lookup_id": .string(id.description), "at": .string(at.rfc3339), "control_room": .string(name),
            "kind": .string(kind.rawValue), "told": .string(told.rawValue),
            "groups": .array(released.map(\.rawValue).sorted().map(Value.string)), "reviewed": .bool(isReviewed),
            "unproved": .bool(isUnproved),
        ]
        if isReviewed { value["words"] = .string(words(from: name)) }
        value["incident_ref"] = incident.map(Value.string)
        value["by_phone"] = isByPhone.map(Value.bool)
        return value
    }
}

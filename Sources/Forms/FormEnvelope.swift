package import Referral

/// A form that was sent, as the envelope that intake takes (partner interfaces, section 1).
package struct SentForm: Sendable, Equatable {
    /// The message id: the form's own, so that sending it twice has one effect.
    package var messageID: String
    /// The envelope.
    package var envelope: Value
    /// Whether the sender says they are under 13: it is kept apart until a parent or guardian permits (disclosure
    /// policy, section 10).
    package var isFromChild: Bool
    /// Whether the child says that somebody hurts them, or their words suggest an emergency: a worker looks at once.
    package var tellsOfHarm: Bool

    /// The register id of the sender of every public form.
    package static let sender = "public"

    /// - Parameters:
    ///   - id: of the form, given when it was begun
    ///   - begun: when that was; the same each time that the form is sent
    init(_ answers: FormAnswers, id: String, begun: Instant, today: CalendarDate) {
        messageID = id
        isFromChild = answers.isFromChild
        tellsOfHarm =
            answers.isFromChild
            && (answers[.harm] == "yes" || EmergencyWords.occur(in: answers[.reason] ?? ""))
        envelope = .object(Self.envelope(answers, id: id, begun: begun, today: today))
    }

    private static func envelope(
        _ answers: FormAnswers, id: String, begun: Instant, today: CalendarDate
    ) -> Object {
        var envelope: Object = [
            "message_id": .string(id), "sender": .string(sender), "sent_at": .string(begun.rfc3339),
            "type": .string("referral"), "person": .object(person(answers, today: today)),
        ]
        let address = address(answers)
        if !address.isEmpty { envelope["address"] = .object(address) }
        envelope["reason"] = answers[.reason].map(Value.string)
        envelope["consent"] = .object(consent(answers))
        envelope["referrer"] = .object(referrer(answers))
        envelope["source_code"] = .string(sourceCode(answers).rawValue)
        envelope["source_kind"] = .string(SourceKind.memberOfPublic.rawValue)
        return envelope
    }

    private static func person(_ answers: FormAnswers, today: CalendarDate) -> Object {
        var person: Object = [:]
        if let family = answers[.family] {
            person["given"] = answers[.given].map(Value.string)
            person["family"] = .string(family)
        } else if let given = answers[.given] {
            person["also_known_as"] = .array([.string(given)])
        }
        if case .success(let date)? = answers.birthDate(today: today) {
            person["dob"] = .string(date.iso)
        } else {
            person["age_estimate"] = answers[.age].map(Value.number)
        }
        person["language"] = answers[.language].map(Value.string)
        person["phone"] = answers[.phone].map { .array([.string($0)]) }
        person["email"] = answers[.email].map(Value.string)
        person["preferred_contact"] = answers[.contactBy].map(Value.string)
        return person
    }

    private static func address(_ answers: FormAnswers) -> Object {
        var address: Object = [:]
        let lines = [answers[.addressLine1], answers[.addressLine2]].compactMap { $0 }
        if !lines.isEmpty { address["lines"] = .array(lines.map(Value.string)) }
        address["town"] = answers[.town].map(Value.string)
        address["postcode"] = answers[.postcode].map(Value.string)
        return address
    }

    private static func consent(_ answers: FormAnswers) -> Object {
        if answers.isAboutSender { return ["known": .bool(true), "agreed": .string(ConsentAgreed.yes.rawValue)] }
        var consent: Object = [:]
        if let knows = answers[.personKnows], knows != "unsure" { consent["known"] = .bool(knows == "yes") }
        consent["agreed"] = .string(ConsentAgreed.notAsked.rawValue)
        return consent
    }

    private static func referrer(_ answers: FormAnswers) -> Object {
        guard !answers.isAboutSender else {
            let name = [answers[.given], answers[.family]].compactMap { $0 }.joined(separator: " ")
            return ["name": .string(name), "role": .string("Self")]
        }
        var referrer: Object = ["role": .string((answers[.relation].flatMap(Relation.init) ?? .other).role)]
        referrer["name"] = answers[.yourName].map(Value.string)
        referrer["phone"] = answers[.yourPhone].map(Value.string)
        referrer["email"] = answers[.yourEmail].map(Value.string)
        return referrer
    }

    /// Who gives no name is anonymous, whatever they are to the person.
    private static func sourceCode(_ answers: FormAnswers) -> SourceCode {
        if answers.isAboutSender { return .selfReferral }
        guard answers[.yourName] != nil else { return .anonymous }
        return switch answers[.relation].flatMap(Relation.init) {
        case .family: .family
        case .friend, .neighbour: .acquaintance
        case .other, nil: .otherIndividual
        }
    }
}

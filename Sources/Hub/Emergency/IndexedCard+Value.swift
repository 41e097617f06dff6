import CaseStore
import Disclosure
import EmergencyAccess
import Postgres
import Referral

/// A card as the snapshot keeps it.
extension IndexedCard {
    var value: Value {
        var value: Value = ["person": .string(person), "card": card.stored]
        value["given"] = given.map(Value.string)
        value["family"] = family.map(Value.string)
        value["dob"] = dob.map { .string($0.iso) }
        value["nhs_number"] = nhsNumber.map(Value.string)
        func moment(_ instant: Instant?) -> Value? { instant.map { .number(String($0.microseconds)) } }
        value["retention_until"] = moment(subject.retentionUntil)
        value["restricted_on"] = moment(subject.restrictedOn)
        value["deceased_on"] = moment(subject.deceasedOn)
        value["erasure"] = subject.erasure.map { .string($0.rawValue) }
        if subject.hasLegalHold { value["legal_hold"] = true }
        return value
    }

    /// Reads what ``value`` wrote.
    init?(_ value: Value) {
        guard let person = value["person"]?.stringValue, let card = value["card"].flatMap(AccessCard.init(stored:))
        else {
            return nil
        }
        func moment(_ name: String) -> Instant? {
            value[name]?.intValue.map { Instant(microseconds: Int64($0)) }
        }
        var subject = Subject()
        subject.retentionUntil = moment("retention_until")
        subject.restrictedOn = moment("restricted_on")
        subject.deceasedOn = moment("deceased_on")
        subject.erasure = value["erasure"]?.stringValue.flatMap(Subject.Erasure.init)
        subject.hasLegalHold = value["legal_hold"]?.boolValue ?? false
        self.init(
            person: person, given: value["given"]?.stringValue, family: value["family"]?.stringValue,
            dob: value["dob"]?.stringValue.flatMap(CalendarDate.init(iso:)),
            nhsNumber: value["nhs_number"]?.stringValue, card: card, subject: subject)
    }

    /// A card as the database has it; nil for one that cannot be read.
    init?(_ card: AccessCardChanges.Card) {
        guard let value = try? StrictJSON.parse(card.bytes), let read = AccessCard(stored: value) else { return nil }
        let known = card.profile.person
        let number = known.identifiers.first { $0.verified && $0.type.code == .nhsNumber }
        self.init(
            person: card.person.description, given: known.given, family: known.family, dob: known.dob,
            nhsNumber: number?.value, card: read, subject: card.subject)
    }
}

/// A look as the journal keeps it.
extension EmergencyLook {
    var value: Value {
        [
            "id": .string(id.description), "at": .number(String(at.microseconds)), "kind": .string(kind.rawValue),
            "outcome": .string(outcome.rawValue), "caller": .string(caller), "incident": .string(incident),
            "offline": .bool(isOffline), "unproved": .bool(isUnproved), "policy": .string(policyVersion),
            "details": details,
            "found": .array(
                found.map { found in
                    var value: Value = [
                        "person": .string(found.person.description),
                        "released": .array(found.released.map(\.rawValue).sorted().map(Value.string)),
                    ]
                    value["refusal"] = found.refusal.map { .string($0.rawValue) }
                    return value
                }),
        ]
    }

    /// Reads what ``value`` wrote.
    init?(_ value: Value) {
        guard let id = value["id"]?.stringValue.flatMap(UUIDValue.init), let at = value["at"]?.intValue,
            let kind = value["kind"]?.stringValue.flatMap(Kind.init),
            let outcome = value["outcome"]?.stringValue.flatMap(Outcome.init),
            let caller = value["caller"]?.stringValue, let incident = value["incident"]?.stringValue,
            let isOffline = value["offline"]?.boolValue, let policy = value["policy"]?.stringValue,
            let details = value["details"], let found = value["found"]?.arrayValue
        else { return nil }
        self.init(
            id: id, at: Timestamp(microseconds: Int64(at)), kind: kind, outcome: outcome, caller: caller,
            incident: incident, isOffline: isOffline, isUnproved: value["unproved"]?.boolValue ?? false,
            policyVersion: policy,
            found: found.compactMap { found in
                found["person"]?.stringValue.flatMap(UUIDValue.init).map { person in
                    Found(
                        person: person,
                        released: Set(
                            found["released"]?.arrayValue?.compactMap { $0.stringValue.flatMap(FieldGroup.init) } ?? []),
                        refusal: found["refusal"]?.stringValue.flatMap(ReasonCode.init))
                }
            },
            details: details)
    }
}

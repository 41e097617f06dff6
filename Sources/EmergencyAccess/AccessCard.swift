package import Referral

/// How to get to a person behind a door, and what a crew must know there (partner interfaces, section 7): facts that staff
/// have from the person, as a document whose sections each belong to one field group.
///
///     address    ADDRESS  { house, lines[], postcode, uprn, latitude, longitude, directions }
///     key_safe   ACCESS   { present, location, code }
///     entry      ACCESS   { door, floor, lift, alarm_code_holder, dog, parking }
///     occupants  ACCESS   { adults, children }
///     hazards[]  HAZARD   { kind, text, source, review_by }
///     crit[]     CRIT     { kind, text, kept_at }
///     contacts[] FAMILY   { name, relation, phone, key_holder }
///     verified_on, valid_until, confirmed_by
package struct AccessCard: Sendable, Hashable {
    /// Dangers to whoever comes. `violence_marker` says who set it and until when it holds.
    package enum Hazard: String, CaseIterable, Sendable {
        case oxygen, hoarding, structural, dog, chemical
        case smokingInBed = "smoking_in_bed"
        case violenceMarker = "violence_marker"
    }

    /// What a crew must know of the person. Of a clinical plan only that there is one, and where it is kept.
    package enum Critical: String, CaseIterable, Sendable {
        case mobility, communication, allergy, equipment
        case medicineCritical = "medicine_critical"
        case respectOrDNACPRExists = "respect_or_dnacpr_exists"
        case capacity
    }

    /// Who has said that it is right. For staff: a control room is not told.
    package enum Confirmer: String, CaseIterable, Sendable {
        case person
        /// Whoever may speak for the person: an attorney, a deputy, a parent.
        case representative
        case carer
        /// Somebody of staff who has seen it.
        case staff
    }

    /// The sections, each with the group that decides whether it may be told.
    package static let sections: [(name: String, group: FieldGroup)] = [
        ("address", .address), ("key_safe", .access), ("entry", .access), ("occupants", .access),
        ("hazards", .hazard), ("crit", .critical), ("contacts", .family),
    ]

    /// The document, as it was read: as JSON, which takes a fraction of the memory that its values would.
    private let bytes: [UInt8]
    /// The day on which somebody last saw to it that it is right.
    package let verifiedOn: CalendarDate
    /// The last day on which it counts as right; after that it is shown with a remark, not hidden.
    package let validUntil: CalendarDate
    /// Nil where whoever saved it did not say.
    package let confirmedBy: Confirmer?

    init(_ value: Value, verifiedOn: CalendarDate, validUntil: CalendarDate, confirmedBy: Confirmer?) {
        bytes = StrictJSON.write(value)
        self.verifiedOn = verifiedOn
        self.validUntil = validUntil
        self.confirmedBy = confirmedBy
    }

    /// The document. It is read anew each time.
    package var value: Value { (try? StrictJSON.parse(bytes)) ?? [:] }

    /// The key safe's code; nil where there is none.
    package var keySafeCode: String? { value["key_safe"]?["code"]?.stringValue }

    package func isStale(on day: CalendarDate) -> Bool { validUntil < day }

    /// What may be told of it on a day: the sections of the released groups, the key safe without its code but with
    /// whether there is one, and no marker that has run out.
    package func told(_ released: Set<FieldGroup>, on day: CalendarDate) -> Object {
        let value = value
        var told = Object()
        for (name, group) in Self.sections where released.contains(group) {
            guard let section = value[name] else { continue }
            switch name {
            case "key_safe":
                var safe = section
                safe["code"] = nil
                safe["has_code"] = .bool(section["code"] != nil)
                told[name] = safe
            case "hazards":
                let standing = section.arrayValue?.filter { hazard in
                    hazard["kind"]?.stringValue != Hazard.violenceMarker.rawValue
                        || hazard["review_by"]?.stringValue.flatMap(CalendarDate.init(iso:)).map { day <= $0 } ?? false
                }
                if let standing, !standing.isEmpty { told[name] = .array(standing) }
            default: told[name] = section
            }
        }
        told["verified_on"] = .string(verifiedOn.iso)
        told["valid_until"] = .string(validUntil.iso)
        told["stale"] = .bool(isStale(on: day))
        return told
    }
}

import Referral

/// Documents that the suites share. Nobody in them exists.
enum Samples {
    static let now = Instant(rfc3339: "2026-11-22T09:30:00Z")!

    /// The least that is accepted.
    static let complete: Value = [
        "message_id": "S-1", "sender": "example_school", "sent_at": "2026-11-22T09:29:00Z", "type": "referral",
        "person": ["family": "Testcase", "dob": "1947-05-03"], "reason": "Lonely since the move.",
        "referrer": ["organisation": "Example School"],
    ]

    /// Every field of the envelope, each leaf with a text or value of its own, in the form in which the model writes it.
    static let full: Value = [
        "message_id": "S-1:a.b_c", "sender": "example_trust", "sent_at": "2026-11-22T09:29:00.5Z", "type": "update",
        "in_reply_to": "S-0", "marking": "OFFICIAL",
        "person": [
            "title": "Dr", "given": "Anne Marie", "family": "Testcase", "also_known_as": ["Annie", "A. Example"],
            "dob": "1947-05-03", "age_estimate": 79, "sex": "F", "language": "pl", "interpreter": true,
            "phone": ["+441632960123", "+447700900123"], "email": "anne@example.org", "preferred_contact": "letter",
            "visitor_gender": "F",
            "identifiers": [
                ["type": "nhs_number", "value": "9434765919", "source": "trust", "verified": true],
                ["type": "nino", "value": "AB123456C", "source": "payslip", "verified": true],
                ["type": "upn", "value": "B801200005001", "source": "school", "verified": true],
                ["type": "crn", "value": "X123456", "source": "probation", "verified": true],
                ["type": "hospital_number", "value": "H0001", "source": "ward", "verified": true],
                ["type": "ons_area", "value": "E06000015", "source": "map", "verified": true],
                ["type": "ods", "value": "C81001", "source": "practice", "verified": true],
                ["type": "library card", "value": "L-55", "source": "library", "verified": false],
            ],
        ],
        "address": [
            "lines": ["1 Example Court", "Test Lane"], "town": "Derby", "postcode": "DE1 2FS", "uprn": "100030329987",
            "no_fixed_abode": false, "safe_to_write": true, "safe_to_visit": false,
        ],
        "reason": "Lonely since the move.", "notes": "Prefers mornings.", "wishes": "To garden again.",
        "needs": [
            "isolation", "money_debt", "homelessness", "dementia_memory", "domestic_abuse", "hoarding", "knitting",
        ],
        "risks": [
            ["code": "self_neglect", "detail": "Cold flat.", "to_visitors": false],
            ["code": "dog", "detail": "Large dog.", "to_visitors": true],
            ["code": "20-30", "detail": "Has been unwell.", "to_visitors": false],
            ["code": "odd risk", "detail": "Unclear.", "to_visitors": true],
        ],
        "urgency": "soon",
        "consent": ["known": true, "agreed": "yes", "by": "Her sister", "on": "2026-11-20", "note": "Glad of it."],
        "household": [
            ["relation": "son", "given": "Tom", "family": "Example", "dob": "2012-01-31", "lives_here": true],
            ["relation": "friend", "given": "Sam"],
        ],
        "referrer": [
            "name": "Pat Referrer", "role": "Ward sister", "organisation": "Example Trust", "phone": "+441632960199",
            "email": "pat@example.org",
        ],
        "safeguarding": ["concern": true, "raised_with": "Duty team", "raised_at": "2026-11-21T10:00:00Z"],
        "attachments": [
            [
                "name": "plan.pdf", "media_type": "application/pdf", "size": 1234,
                "sha256": .string(String(repeating: "ab", count: 32)), "content": "attachments[0].content_base64",
            ],
            ["name": "note.txt", "media_type": "text/plain", "size": 5, "file": "note.txt"],
        ],
        "source_code": "3F", "source_kind": "ambulance",
        "extensions": [
            "tenancy_ref": "T-77", "school": ["laestab": "8314001", "dsl_name": "Jo Lead"],
            "yos": ["order_type": "YRO"], "colour": "blue",
        ],
        "extension_groups": [
            "tenancy_ref": "HOUSING", "school.laestab": "SERVICE", "school.dsl_name": "THIRD_PARTY",
            "yos.order_type": "OFFEND", "colour": "NOTES",
        ],
    ]

    /// ``complete`` with one place changed: set, or removed when the value is nil.
    static func complete(_ place: String, _ value: Value?) -> Value {
        var document = complete
        set(place.split(separator: "."), to: value, in: &document)
        return document
    }

    private static func set(_ path: [Substring], to value: Value?, in document: inout Value) {
        guard path.count > 1 else { return document[String(path[0])] = value }
        var inner = document[String(path[0])] ?? .null
        set(Array(path.dropFirst()), to: value, in: &inner)
        document[String(path[0])] = inner
    }
}

extension ReferralReading {
    /// Code and path of each finding, such as `missing reason`.
    var errorPlaces: [String] { errors.map { "\($0.code.rawValue) \($0.path)" } }
    var warningPlaces: [String] { warnings.map { "\($0.code.rawValue) \($0.path)" } }
}

/// Reads as the authenticated partner of the sample would have it read.
func read(
    _ document: Value, sentBy partner: String? = nil, byNHS: Bool = false, in environment: HubEnvironment = .test,
    carrier: ReferralReader.Carrier = .envelope, groups: [String: FieldGroup] = [:]
) -> ReferralReading {
    ReferralReader.read(
        document, sentBy: partner, byNHS: byNHS, now: Samples.now, environment: environment, carrier: carrier,
        groups: groups)
}

/// A small generator with a fixed sequence (SplitMix64), so that a failing random test fails again.
struct FixedRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

import Channels
import Foundation

/// A document of one of the five kinds of partner, as that partner's system would write it.
package struct SimulatedDocument: Sendable {
    /// Who tells the hub, how, and in which format.
    package enum Kind: String, Sendable, CaseIterable {
        /// A hospital's integration engine: HL7 v2.4 REF^I12, posted.
        case hospital
        /// A booking-and-referral sender: FHIR R4 message bundle, posted.
        case bars
        /// Police: PPN v1 as XML, dropped.
        case police
        /// A charity's spreadsheet: CSV as it comes from Excel, dropped.
        case voluntary
        /// A school: the JSON envelope, posted.
        case school

        /// The partner's id in the register where nothing else is configured.
        package var partner: String {
            switch self {
            case .hospital: "uhdb"
            case .bars: "dchs"
            case .police: "derbys_police"
            case .voluntary: "derby_community_action"
            case .school: "derby_riverside_school"
            }
        }

        /// Whether it drops files; the others call the hub.
        package var isDropped: Bool { self == .police || self == .voluntary }

        var format: String {
            switch self {
            case .hospital: "HL7 v2 REF^I12"
            case .bars: "FHIR message"
            case .police: "PPN XML"
            case .voluntary: "CSV"
            case .school: "JSON envelope"
            }
        }
    }

    package var kind: Kind
    package var mediaType: String
    /// For dropped files.
    package var fileName: String
    package var bytes: [UInt8]

    /// - Parameters:
    ///   - id: letters and digits, unique per sender for ever.
    ///   - at: when it is sent, in seconds since 1970.
    package init(kind: Kind, partner: String, person: InventedPerson, id: String, at: Int64) {
        self.kind = kind
        let stamp = CivilTime.digits(at)
        let name = { (type: String, ending: String) in
            "\(partner.uppercased())_\(type)_\(stamp.prefix(8))T\(stamp.suffix(6))Z_\(id.suffix(8)).\(ending)"
        }
        switch kind {
        case .hospital:
            (mediaType, fileName) = ("application/hl7-v2", name("REF", "hl7"))
            bytes = Self.hl7(person, id: id, stamp: stamp)
        case .bars:
            (mediaType, fileName) = ("application/fhir+json", name("BARS", "json"))
            bytes = Self.bundle(person, id: id, at: CivilTime.rfc3339(at))
        case .police:
            (mediaType, fileName) = ("application/xml", name("PPN", "xml"))
            bytes = Self.ppn(person, id: id, at: CivilTime.rfc3339(at))
        case .voluntary:
            (mediaType, fileName) = ("text/csv", name("REFERRALS", "csv"))
            bytes = Self.csv(person, id: id)
        case .school:
            (mediaType, fileName) = ("application/vnd.lac.referral+json;v=1", name("REFERRAL", "json"))
            bytes = Self.envelope(person, sender: partner, id: id, at: CivilTime.rfc3339(at))
        }
    }

    // MARK: HL7 v2.4

    private static func hl7(_ person: InventedPerson, id: String, stamp: String) -> [UInt8] {
        let born = person.born.replacingOccurrences(of: "-", with: "")
        let segments = [
            "MSH|^~\\&|PAS|RTG|LACHUB|DERBY|\(stamp)+0000||REF^I12^REF_I12|\(id)|P|2.4|||AL|AL|GBR|UNICODE UTF-8",
            "RF1|P^Pending^HL70283|R^Routine^HL70280|430^Geriatric medicine||O^Outpatient^HL70284|\(id)^RTG|\(stamp.prefix(8))||\(stamp.prefix(8))",
            "PRD|RP^Referring Provider^HL70286|MARSH^ALEX||WARD 205|^WPN^PH~||RTG-4471^RTG",
            "PID|1||\(person.nhsNumber)^^^NHS^NH~K\(id.suffix(6))^^^RTG^PI||\(hl7(person.family.uppercased()))^\(hl7(person.given))^^^^^L||"
                + "\(born)|\(person.sex == "F" ? 2 : 1)|||\(hl7(person.street))^^Derby^^\(person.postcode)^GBR^H||"
                + "\(person.phone)^PRN^PH",
            "NTE|1||\(hl7(person.reason))",
        ]
        return Array(segments.joined(separator: "\r").utf8 + [13])
    }

    /// HL7 v2, section 2.7: what separates is written as an escape.
    private static func hl7(_ text: String) -> String {
        let escapes: [Character: String] = ["\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"]
        return text.map { escapes[$0] ?? String($0) }.joined()
    }

    // MARK: BaRS

    private static func bundle(_ person: InventedPerson, id: String, at: String) -> [UInt8] {
        let part = { (number: Int) in uuid(id, number) }
        func entry(_ number: Int, _ type: String, _ content: [String: Any]) -> [String: Any] {
            let head: [String: Any] = ["resourceType": type, "meta": ["lastUpdated": at]]
            return ["fullUrl": "urn:uuid:\(part(number))", "resource": head.merging(content) { $1 }]
        }
        func coding(_ system: String, _ code: String) -> [String: Any] {
            ["coding": [["system": "https://fhir.nhs.uk/CodeSystem/\(system)", "code": code]]]
        }
        func reference(_ number: Int) -> [String: Any] { ["reference": "urn:uuid:\(part(number))"] }
        let entries = [
            entry(
                1, "MessageHeader",
                [
                    "eventCoding": [
                        "system": "https://fhir.nhs.uk/CodeSystem/message-events-bars",
                        "code": "servicerequest-request",
                    ],
                    "destination": [
                        ["endpoint": "https://fhir.nhs.uk/Id/dos-service-id|2000099999", "receiver": reference(5)]
                    ],
                    "sender": reference(4), "reason": coding("message-reason-bars", "new"), "focus": [reference(2)],
                    "source": [
                        "name": "Community therapy", "endpoint": "https://fhir.nhs.uk/Id/dos-service-id|2000088888",
                    ],
                    "definition": "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-referral",
                ]),
            entry(
                2, "ServiceRequest",
                [
                    "status": "active", "intent": "plan", "subject": reference(3), "requester": reference(6),
                    "authoredOn": at,
                    "category": [coding("message-category-servicerequest", "referral")], "priority": "routine",
                    "reasonCode": [["text": person.reason]],
                ]),
            entry(
                3, "Patient",
                [
                    "identifier": [
                        [
                            "system": "https://fhir.nhs.uk/Id/nhs-number", "value": person.nhsNumber,
                            "extension": [
                                [
                                    "url":
                                        "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
                                    "valueCodeableConcept": [
                                        "coding": [
                                            [
                                                "system":
                                                    "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus",
                                                "code": "number-present-and-verified",
                                            ]
                                        ]
                                    ],
                                ]
                            ],
                        ]
                    ],
                    "name": [["use": "official", "family": person.family, "given": [person.given]]],
                    "gender": person.sex == "F" ? "female" : "male", "birthDate": person.born,
                    "telecom": [["system": "phone", "value": person.mobile, "use": "mobile"]],
                    "address": [
                        ["use": "home", "line": [person.street], "city": "Derby", "postalCode": person.postcode]
                    ],
                ]),
            entry(
                4, "Organization",
                [
                    "name": "Community therapy",
                    "identifier": [["system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RY8"]],
                ]),
            entry(5, "Organization", ["name": "Local Area Co-ordination, Derby"]),
            entry(
                6, "Practitioner",
                [
                    "name": [["family": "Marsh", "given": ["Alex"]]],
                    "telecom": [["system": "phone", "value": "01632 960100", "use": "work"]],
                ]),
        ]
        return json([
            "resourceType": "Bundle", "id": part(0), "type": "message", "timestamp": at, "entry": entries,
            "meta": [
                "profile": ["https://fhir.nhs.uk/StructureDefinition/BARSBundleMessage"], "lastUpdated": at,
                "versionId": "1.4.0",
            ],
        ])
    }

    /// A UUID that is the same for the same message and part.
    private static func uuid(_ id: String, _ number: Int) -> String {
        var random = SplitMix64(
            state: (id + "/\(number)").utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
        let digits = Array(Hexadecimal.text((0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }))
        let part = { (range: Range<Int>) in String(digits[range]) }
        return "\(part(0..<8))-\(part(8..<12))-4\(part(13..<16))-a\(part(17..<20))-\(part(20..<32))"
    }

    // MARK: PPN v1

    private static func ppn(_ person: InventedPerson, id: String, at: String) -> [UInt8] {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <PPN version="1">
              <header>
                <ppn_ref>PPN-\(id)</ppn_ref>
                <force_code>30</force_code>
                <occurrence_ref>OCC-\(id)</occurrence_ref>
                <created_at>\(at)</created_at>
                <submitted_by><name>PC Marsh</name><collar>1234</collar><unit>Neighbourhood</unit><phone>01632 960101</phone></submitted_by>
                <marking>OFFICIAL-SENSITIVE</marking>
              </header>
              <kind>adult_at_risk</kind>
              <persons>
                <person>
                  <role>subject</role>
                  <name><given>\(xml(person.given))</given><family>\(xml(person.family))</family></name>
                  <dob>\(person.born)</dob>
                  <sex>\(person.sex)</sex>
                  <address><line>\(xml(person.street))</line><town>Derby</town><postcode>\(person.postcode)</postcode></address>
                  <phone>\(person.mobile)</phone>
                </person>
              </persons>
              <event>
                <summary>\(xml(person.reason))</summary>
              </event>
              <risk><grade>standard</grade></risk>
              <consent><asked>yes</asked><given>yes</given></consent>
              <routing><requested_service>local area co-ordination</requested_service></routing>
            </PPN>

            """
        return Array(text.utf8)
    }

    private static func xml(_ text: String) -> String {
        let entities: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;"]
        return text.map { entities[$0] ?? String($0) }.joined()
    }

    // MARK: CSV

    /// As a spreadsheet program writes it here: semicolons, dates with the day first, Windows-1252.
    private static func csv(_ person: InventedPerson, id: String) -> [UInt8] {
        let born = person.born.split(separator: "-").reversed().joined(separator: "/")
        let columns = [
            ("CAD Ref", "CAD-\(id)"), ("Client first name", person.given), ("Client surname", person.family),
            ("D.O.B.", born), ("Address line 1", person.street), ("Town", "Derby"), ("Postcode", person.postcode),
            ("Telephone", person.phone), ("Why", person.reason), ("Needs", person.need), ("Agreed", "Yes"),
            ("Link worker", "Jo Fielding"), ("Your phone", "01632 960102"),
        ]
        let header = columns.map(\.0).joined(separator: ";")
        let row = columns.map { "\"" + $0.1.replacingOccurrences(of: "\"", with: "\"\"") + "\"" }.joined(separator: ";")
        let text = header + "\r\n" + row + "\r\n"
        return Array(text.data(using: .windowsCP1252, allowLossyConversion: true) ?? Data(text.utf8))
    }

    // MARK: Envelope

    static func envelope(_ person: InventedPerson, sender: String, id: String, at: String) -> [UInt8] {
        json([
            "message_id": id, "sender": sender, "sent_at": at, "type": "referral", "reason": person.reason,
            "needs": [person.need], "urgency": "routine",
            "person": [
                "given": person.given, "family": person.family, "dob": person.born, "sex": person.sex,
                "phone": [person.mobile], "email": person.email,
                "identifiers": [["type": "nhs_number", "value": person.nhsNumber, "source": sender]],
            ] as [String: Any],
            "address": ["lines": [person.street], "town": "Derby", "postcode": person.postcode, "safe_to_write": true]
                as [String: Any],
            "consent": ["known": true, "agreed": "yes"] as [String: Any],
            "referrer": ["name": "Sam Whitaker", "role": "pastoral lead", "phone": "01632 960103"],
            // A school says whether it is about the pupil or a parent (partner interfaces, section 8); others have no use for it.
            "subject_role": "parent",
            "school": ["laestab": "8314001", "dsl_name": "Sam Whitaker", "phone": "01632 960103"],
        ])
    }

    static func json(_ value: [String: Any]) -> [UInt8] {
        // A tree of texts, numbers and lists is always valid JSON.
        Array(
            (try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes]))
                ?? Data())
    }
}

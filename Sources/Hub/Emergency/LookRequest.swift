import EmergencyAccess
import Referral

/// The body of `POST /v1/emergency/lookup` (partner interfaces, section 7).
struct LookRequest: Sendable {
    let incident: String
    /// Who at the control room asks: their own name for themselves there.
    let user: String
    let reason: String
    let query: LookQuery
    /// The query as it came, for the record.
    let asked: Value

    private static let known: Set<String> = ["incident_ref", "agency", "caller_id", "reason", "query"]
    private static let forms =
        "Must be one of { uprn }, { postcode, house }, { name, dob }, { nhs_number } and { candidate }"

    /// - Parameter caller: The control room that asks, for which it must be.
    /// - Throws: ``RequestError`` naming everything that is wrong, and no value.
    init(_ body: [UInt8], by caller: String) throws(RequestError) {
        var reader = try RequestReader(body)
        reader.refuse(unless: Self.known, "Is not part of a look-up")
        let incident = reader.text("incident_ref", required: true, longest: 64)
        if let agency = reader.text("agency", longest: 64), agency != caller {
            reader.fail(.senderMismatch, "agency", "Is not who asks")
        }
        let user = reader.text("caller_id", required: true, longest: 120)
        let reason = reader.text("reason", required: true, longest: 500)
        let asked = reader.object("query", required: true)
        let query = asked.flatMap { Self.query($0, &reader) }
        try reader.finish()
        guard let incident, let user, let reason, let asked, let query else {
            throw RequestError(findings: [Finding(.schema, at: "query", Self.forms)])
        }
        (self.incident, self.user, self.reason, self.query, self.asked) = (
            incident, user, reason, query, .object(asked)
        )
    }

    private static func query(_ object: Object, _ reader: inout RequestReader) -> LookQuery? {
        func text(_ key: String) -> String? {
            object[key]?.textValue.flatMap { (1...400).contains($0.utf8.count) ? $0 : nil }
        }
        switch Set(object.keys) {
        case ["uprn"]:
            if let number = text("uprn"), number.utf8.count <= 12,
                number.utf8.allSatisfy({ (0x30...0x39).contains($0) })
            {
                return .uprn(number)
            }
            reader.fail(.invalidIdentifier, "query.uprn", "A UPRN is up to 12 digits")
        case ["postcode", "house"]:
            let postcode = text("postcode").flatMap { Postcode.normalise($0).normal }
            if postcode == nil { reader.fail(.invalidIdentifier, "query.postcode", "No postcode is made like this") }
            if let postcode, let house = text("house") { return .house(postcode: postcode, house: house) }
            if text("house") == nil { reader.fail(.schema, "query.house", "Must be a house's number or name") }
        case ["name", "dob"]:
            let dob = text("dob").flatMap(CalendarDate.init(iso:))
            if dob == nil { reader.fail(.invalidDate, "query.dob", "Must be a date (yyyy-mm-dd)") }
            if let dob, let name = text("name") { return .person(family: name, dob: dob) }
            if text("name") == nil { reader.fail(.schema, "query.name", "Must be a family name") }
        case ["nhs_number"]:
            if let number = text("nhs_number").flatMap({ NHSNumber.normalise($0).normal }) { return .nhsNumber(number) }
            reader.fail(.invalidIdentifier, "query.nhs_number", "Is no NHS number")
        case ["candidate"]:
            if let token = text("candidate") { return .candidate(token) }
            reader.fail(.schema, "query.candidate", "Must be what an earlier answer gave")
        default: reader.fail(.schema, "query", forms)
        }
        return nil
    }
}

/// The body of `POST /v1/emergency/key-safe`.
struct RevealRequest: Sendable {
    /// What the card of an earlier answer gave.
    let token: String
    let user: String

    /// - Throws: ``RequestError``.
    init(_ body: [UInt8]) throws(RequestError) {
        var reader = try RequestReader(body)
        reader.refuse(unless: ["reveal", "caller_id"], "Is not part of this request")
        let token = reader.text("reveal", required: true, longest: 600)
        let user = reader.text("caller_id", required: true, longest: 120)
        try reader.finish()
        guard let token, let user else { throw RequestError(findings: []) }
        (self.token, self.user) = (token, user)
    }
}

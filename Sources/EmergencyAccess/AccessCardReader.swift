package import Referral

extension AccessCard {
    /// Why a document is no card: everything that is wrong, at once.
    package struct Mistaken: Error, Sendable, Hashable {
        package var findings: [Finding]
    }

    /// How long a card is valid where it does not say.
    private static let validFor = 365

    /// Reads a card.
    ///
    /// - Parameter today: On which nothing may be verified of tomorrow.
    /// - Throws: ``Mistaken``.
    package init(_ document: Value, today: CalendarDate) throws(Mistaken) {
        var reader = AccessCardReader(document)
        let value = reader.card()
        let verified = reader.day("verified_on", of: document, "", required: true)
        let valid = reader.day("valid_until", of: document, "")
        let confirmer = reader.confirmer(of: document)
        if let verified, verified > today { reader.fail(.invalidDate, "verified_on", "Lies in the future") }
        if let verified, let valid, valid < verified {
            reader.fail(.invalidDate, "valid_until", "Is before verified_on")
        }
        guard reader.findings.isEmpty, let verified else { throw Mistaken(findings: reader.findings) }
        self.init(
            value, verifiedOn: verified,
            validUntil: valid ?? CalendarDate(daysSince1970: verified.daysSince1970 + Self.validFor) ?? verified,
            confirmedBy: confirmer)
    }

    /// Reads what ``stored`` wrote.
    package init?(stored: Value) {
        guard let card = stored["card"],
            let verified = stored["verified_on"]?.stringValue.flatMap(CalendarDate.init(iso:)),
            let valid = stored["valid_until"]?.stringValue.flatMap(CalendarDate.init(iso:))
        else { return nil }
        self.init(
            card, verifiedOn: verified, validUntil: valid,
            confirmedBy: stored["confirmed_by"]?.stringValue.flatMap(Confirmer.init))
    }

    /// The form in which a card is kept.
    package var stored: Value {
        var stored: Value = [
            "card": value, "verified_on": .string(verifiedOn.iso), "valid_until": .string(validUntil.iso),
        ]
        stored["confirmed_by"] = confirmedBy.map { .string($0.rawValue) }
        return stored
    }

    /// The form in which staff write and read it.
    package var document: Value {
        var document = value
        document["verified_on"] = .string(verifiedOn.iso)
        document["valid_until"] = .string(validUntil.iso)
        document["confirmed_by"] = confirmedBy.map { .string($0.rawValue) }
        return document
    }

    /// Elements that a list of a card has at most.
    static let longestList = 20

    static func uprn(_ text: String) -> IdentifierCheck {
        let digits = String(text.drop { $0 == "0" })
        let isNumber = (1...12).contains(digits.utf8.count) && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isNumber ? .passed(digits) : .failed("a UPRN is up to 12 digits")
    }
}

/// Reads the sections of a card, collecting what is wrong. What is unknown is refused: a fact that nobody reads helps nobody.
private struct AccessCardReader {
    private(set) var findings: [Finding] = []
    private let document: Value

    init(_ document: Value) { self.document = document }

    mutating func fail(_ code: FindingCode, _ path: String, _ text: String) {
        findings.append(Finding(code, at: path, text))
    }

    mutating func card() -> Value {
        guard let object = document.objectValue else {
            fail(.schema, "", "An access card is a JSON object")
            return [:]
        }
        refuse(object, "", AccessCard.sections.map(\.name) + ["verified_on", "valid_until", "confirmed_by"])
        var card = Value.object(Object())
        card["address"] = address()
        card["key_safe"] = keySafe()
        card["entry"] = section("entry") { reader, entry in
            var value = Object()
            for key in ["door", "floor", "alarm_code_holder", "dog", "parking"] {
                value[key] = reader.text(key, of: entry, "entry")
            }
            value["lift"] = reader.flag("lift", of: entry, "entry")
            return value
        }
        card["occupants"] = section("occupants") { reader, occupants in
            var value = Object()
            for key in ["adults", "children"] { value[key] = reader.number(key, of: occupants, "occupants", 0...50) }
            return value
        }
        card["hazards"] = list(
            "hazards", kinds: AccessCard.Hazard.allCases.map(\.rawValue), also: ["source", "review_by"])
        card["crit"] = list("crit", kinds: AccessCard.Critical.allCases.map(\.rawValue), also: ["kept_at"])
        card["contacts"] = contacts()
        return card
    }

    mutating func confirmer(of document: Value) -> AccessCard.Confirmer? {
        guard let text = document["confirmed_by"], !text.isNull else { return nil }
        let confirmer = text.stringValue.flatMap(AccessCard.Confirmer.init)
        if confirmer == nil {
            let known = AccessCard.Confirmer.allCases.map(\.rawValue).joined(separator: ", ")
            fail(.unknownCode, "confirmed_by", "Must be one of \(known)")
        }
        return confirmer
    }

    private mutating func address() -> Value? {
        let read = section("address") { reader, address in
            var value = Object()
            value["house"] = reader.text("house", of: address, "address", longest: 60)
            value["lines"] = reader.texts("lines", of: address, "address", most: 5)
            value["postcode"] = reader.checked("postcode", of: address, "address", Postcode.normalise)
            value["uprn"] = reader.checked("uprn", of: address, "address", AccessCard.uprn)
            value["latitude"] = reader.degrees("latitude", of: address, "address", 49...61)
            value["longitude"] = reader.degrees("longitude", of: address, "address", -9...2)
            value["directions"] = reader.text("directions", of: address, "address", longest: 1_000)
            if (value["latitude"] == nil) != (value["longitude"] == nil) {
                reader.fail(.missing, "address", "Has latitude and longitude, or neither")
            }
            if value["uprn"] == nil, value["postcode"] == nil || value["lines"] == nil && value["house"] == nil {
                reader.fail(.missing, "address", "Needs uprn, or postcode with lines or house")
            }
            return value
        }
        if document["address"]?.isNull ?? true { fail(.missing, "address", "Is required") }
        return read
    }

    private mutating func keySafe() -> Value? {
        section("key_safe") { reader, safe in
            var value = Object()
            let isPresent = reader.flag("present", of: safe, "key_safe")
            if isPresent == nil { reader.fail(.missing, "key_safe.present", "Is required") }
            value["present"] = isPresent
            value["location"] = reader.text("location", of: safe, "key_safe", longest: 500)
            value["code"] = reader.text("code", of: safe, "key_safe", longest: 40)
            if isPresent == false, value.count > 1 {
                reader.fail(.schema, "key_safe", "Says where a key safe is that is not there")
            }
            return value
        }
    }

    private mutating func contacts() -> Value? {
        elements("contacts", known: ["name", "relation", "phone", "key_holder"]) { reader, contact, path in
            var value = Object()
            value["name"] = reader.text("name", of: contact, path, required: true, longest: 120)
            value["relation"] = reader.text("relation", of: contact, path, longest: 120)
            value["phone"] = reader.checked("phone", of: contact, path, Phone.normalise)
            value["key_holder"] = reader.flag("key_holder", of: contact, path)
            return value
        }
    }

    private mutating func list(_ name: String, kinds: [String], also known: [String]) -> Value? {
        elements(name, known: ["kind", "text"] + known) { reader, element, path in
            var value = Object()
            value["kind"] = reader.code("kind", of: element, path, kinds)
            value["text"] = reader.text("text", of: element, path, longest: 500)
            for key in known where key != "review_by" {
                value[key] = reader.text(key, of: element, path, longest: 200)
            }
            if known.contains("review_by") {
                value["review_by"] = reader.day("review_by", of: element, path).map { .string($0.iso) }
            }
            if value["kind"] == .string(AccessCard.Hazard.violenceMarker.rawValue),
                value["source"] == nil || value["review_by"] == nil
            {
                reader.fail(.missing, path, "A violence marker needs source and review_by")
            }
            return value
        }
    }

    // MARK: Parts

    private mutating func section(_ name: String, _ read: (inout Self, Value) -> Object) -> Value? {
        guard let section = document[name], !section.isNull else { return nil }
        guard section.objectValue != nil else {
            fail(.schema, name, "Must be an object")
            return nil
        }
        let value = read(&self, section)
        if let object = section.objectValue { refuse(object, name + ".", Self.known[name] ?? []) }
        return value.count == 0 ? nil : .object(value)
    }

    private static let known: [String: [String]] = [
        "address": ["house", "lines", "postcode", "uprn", "latitude", "longitude", "directions"],
        "key_safe": ["present", "location", "code"],
        "entry": ["door", "floor", "lift", "alarm_code_holder", "dog", "parking"],
        "occupants": ["adults", "children"],
    ]

    private mutating func elements(
        _ name: String, known: [String], _ read: (inout Self, Value, String) -> Object
    ) -> Value? {
        guard let list = document[name], !list.isNull else { return nil }
        guard let elements = list.arrayValue, elements.count <= AccessCard.longestList else {
            fail(.schema, name, "Must be a list of up to \(AccessCard.longestList)")
            return nil
        }
        var values: [Value] = []
        for (index, element) in elements.enumerated() {
            let path = "\(name)[\(index)]"
            guard let object = element.objectValue else {
                fail(.schema, path, "Must be an object")
                continue
            }
            refuse(object, path + ".", known)
            values.append(.object(read(&self, element, path)))
        }
        return values.isEmpty ? nil : .array(values)
    }

    private mutating func refuse(_ object: Object, _ prefix: String, _ known: [String]) {
        for key in object.keys where !known.contains(key) {
            let place = Finding.shown(key).map { prefix + $0 } ?? String(prefix.dropLast())
            fail(.schema, place, "Is not part of an access card; known are \(known.joined(separator: ", "))")
        }
    }

    // MARK: Leaves

    private mutating func string(
        _ key: String, of value: Value, _ path: String, required: Bool = false, longest: Int
    ) -> String? {
        let place = path.isEmpty ? key : "\(path).\(key)"
        switch value[key] {
        case nil, .null?:
            if required { fail(.missing, place, "Is required") }
            return nil
        case .string(let text)? where text.utf8.count <= longest && text.isWords: return text
        default:
            fail(.schema, place, "Must be text of 1 to \(longest) bytes")
            return nil
        }
    }

    private mutating func text(
        _ key: String, of value: Value, _ path: String, required: Bool = false, longest: Int = 200
    ) -> Value? {
        string(key, of: value, path, required: required, longest: longest).map(Value.string)
    }

    private mutating func texts(_ key: String, of value: Value, _ path: String, most: Int) -> Value? {
        guard let list = value[key], !list.isNull else { return nil }
        let texts = list.arrayValue?.compactMap(\.stringValue).filter { $0.utf8.count <= 200 && $0.isWords }
        guard let texts, texts.count == list.arrayValue?.count, (1...most).contains(texts.count) else {
            fail(.schema, "\(path).\(key)", "Must be 1 to \(most) texts of 1 to 200 bytes")
            return nil
        }
        return .array(texts.map(Value.string))
    }

    private mutating func checked(
        _ key: String, of value: Value, _ path: String, _ check: (String) -> IdentifierCheck
    ) -> Value? {
        guard let text = string(key, of: value, path, longest: 40) else { return nil }
        switch check(text) {
        case .passed(let normal): return .string(normal)
        case .failed(let why): fail(.invalidIdentifier, "\(path).\(key)", why)
        case .absent: fail(.invalidIdentifier, "\(path).\(key)", "Says that there is none: leave it out")
        }
        return nil
    }

    private mutating func flag(_ key: String, of value: Value, _ path: String) -> Value? {
        switch value[key] {
        case nil, .null?: return nil
        case .bool(let flag)?: return .bool(flag)
        default:
            fail(.schema, "\(path).\(key)", "Must be true or false")
            return nil
        }
    }

    private mutating func number(_ key: String, of value: Value, _ path: String, _ range: ClosedRange<Int>) -> Value? {
        guard let given = value[key], !given.isNull else { return nil }
        guard let number = given.intValue, range.contains(number) else {
            fail(.schema, "\(path).\(key)", "Must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return .number(String(number))
    }

    private mutating func degrees(
        _ key: String, of value: Value, _ path: String, _ range: ClosedRange<Double>
    ) -> Value? {
        guard let given = value[key], !given.isNull else { return nil }
        guard case .number(let text) = given, let number = Double(text), range.contains(number) else {
            fail(.schema, "\(path).\(key)", "Must be degrees from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return given
    }

    private mutating func code(_ key: String, of value: Value, _ path: String, _ codes: [String]) -> Value? {
        guard let text = string(key, of: value, path, required: true, longest: 40) else { return nil }
        guard codes.contains(text) else {
            fail(.unknownCode, "\(path).\(key)", "Must be one of \(codes.joined(separator: ", "))")
            return nil
        }
        return .string(text)
    }

    mutating func day(_ key: String, of value: Value, _ path: String, required: Bool = false) -> CalendarDate? {
        guard let text = string(key, of: value, path, required: required, longest: 10) else { return nil }
        guard let day = CalendarDate(iso: text) else {
            fail(.invalidDate, path.isEmpty ? key : "\(path).\(key)", "Must be a date (yyyy-mm-dd)")
            return nil
        }
        return day
    }
}

extension String {
    /// Whether it says something, and holds no control character.
    var isWords: Bool {
        contains { $0.isLetter || $0.isNumber }
            && unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}

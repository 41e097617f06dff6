import Postgres
package import Referral
import Translation

/// A request that does not hold what it must: everything that is wrong with it, at once.
package struct RequestError: Error, Sendable {
    package var findings: [Finding]
}

/// Reads the fields of a request's JSON object, collecting every problem so that the caller learns all at once.
package struct RequestReader {
    private let object: Object
    private(set) var findings: [Finding] = []

    init(_ object: Object) {
        self.object = object
    }

    /// Reads a body that must be a JSON object.
    init(_ bytes: [UInt8]) throws(RequestError) {
        let value: Value
        do {
            value = try StrictJSON.parse(bytes)
        } catch {
            throw RequestError(findings: [error.finding])
        }
        guard let object = value.objectValue else {
            throw RequestError(findings: [Finding(.schema, at: "", "The body must be a JSON object")])
        }
        self.init(object)
    }

    /// Ends the reading.
    ///
    /// - Throws: ``RequestError`` when anything was wrong.
    func finish() throws(RequestError) {
        guard findings.isEmpty else { throw RequestError(findings: findings) }
    }

    mutating func fail(_ code: FindingCode, _ key: String, _ text: String) {
        findings.append(Finding(code, at: key, text))
    }

    /// Whether the key is there, be it with null.
    func holds(_ key: String) -> Bool { object[key] != nil }

    /// Complains of every key that is not among those that are known.
    mutating func refuse(unless known: Set<String>, _ text: String) {
        for key in object.keys where !known.contains(key) { fail(.schema, Finding.shown(key) ?? "", text) }
    }

    mutating func text(_ key: String, required: Bool = false, longest: Int = 200) -> String? {
        switch object[key] {
        case nil, .null?:
            if required { fail(.missing, key, "Is required") }
            return nil
        case .string(let text)? where !text.isEmpty && text.utf8.count <= longest:
            return text
        default:
            fail(.schema, key, "Must be text of 1 to \(longest) bytes")
            return nil
        }
    }

    mutating func uuid(_ key: String, required: Bool = false) -> UUIDValue? {
        guard let text = text(key, required: required) else { return nil }
        guard let id = UUIDValue(text) else {
            fail(.schema, key, "Must be an id as the hub gave it")
            return nil
        }
        return id
    }

    /// An id of somebody or something in another system. It is kept in clear, in the ledger for ever: never words.
    mutating func id(_ key: String, required: Bool = false) -> String? {
        guard let text = text(key, required: required, longest: 64) else { return nil }
        let id = Self.id(text)
        if id == nil { fail(.schema, key, "Must be an id of letters, digits and . _ : - without spaces, not a name") }
        return id
    }

    /// A text that is such an id; nil for any other.
    package static func id(_ text: String) -> String? {
        let isID = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"):
                true
            default: [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-")].contains(byte)
            }
        }
        return isID && (1...64).contains(text.utf8.count) ? text : nil
    }

    /// A whole number from 0.
    mutating func index(_ key: String) -> Int? {
        guard let value = object[key], !value.isNull else { return nil }
        if let index = value.intValue, index >= 0 { return index }
        fail(.schema, key, "Must be a whole number from 0")
        return nil
    }

    /// True or false.
    mutating func flag(_ key: String) -> Bool? {
        switch object[key] {
        case nil, .null?: return nil
        case .bool(let flag)?: return flag
        default:
            fail(.schema, key, "Must be true or false")
            return nil
        }
    }

    /// A SHA-256 digest in hexadecimal.
    mutating func digest(_ key: String) -> [UInt8]? {
        guard let text = text(key) else { return nil }
        let nibbles = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard text.utf8.count == 64, nibbles.count == 64 else {
            fail(.schema, key, "Must be a SHA-256 digest: 64 hexadecimal digits")
            return nil
        }
        return stride(from: 0, to: 64, by: 2).map { UInt8(nibbles[$0] * 16 + nibbles[$0 + 1]) }
    }

    /// An instant: RFC 3339 with offset, or a plain date for 00:00 in London on that day.
    mutating func instant(_ key: String, required: Bool = false) -> Timestamp? {
        guard let text = text(key, required: required) else { return nil }
        guard let instant = Timestamp(rfc3339: text) ?? startOfDay(text) else {
            fail(.invalidDate, key, "Must be a date (yyyy-mm-dd) or an RFC 3339 instant with offset")
            return nil
        }
        return instant
    }

    /// 00:00 on the clocks of London on a day written `yyyy-mm-dd`.
    private func startOfDay(_ text: String) -> Timestamp? {
        CalendarDate(iso: text).map { Timestamp(microseconds: LondonTime.instant($0, second: 0).microseconds) }
    }

    /// A word out of a closed list; an unknown one is a finding that names the list.
    mutating func code<Code: RawRepresentable<String> & CaseIterable>(
        _ key: String, of type: Code.Type, required: Bool = false
    ) -> Code? {
        guard let text = text(key, required: required) else { return nil }
        if let code = Code(rawValue: text) { return code }
        fail(.unknownCode, key, "Must be one of \(Code.allCases.map(\.rawValue).joined(separator: ", "))")
        return nil
    }

    /// Words out of a closed list.
    mutating func codes<Code: RawRepresentable<String> & CaseIterable>(_ key: String, of type: Code.Type) -> [Code] {
        (texts(key) ?? []).enumerated().compactMap { index, text in
            if let code = Code(rawValue: text) { return code }
            let known = Code.allCases.map(\.rawValue).joined(separator: ", ")
            fail(.unknownCode, "\(key)[\(index)]", "Must be one of \(known)")
            return nil
        }
    }

    mutating func texts(_ key: String) -> [String]? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let elements = value.arrayValue, elements.count <= 100 else {
            fail(.schema, key, "Must be a list of at most 100 texts")
            return nil
        }
        return elements.enumerated().compactMap { index, element in
            if let text = element.stringValue, !text.isEmpty { return text }
            fail(.schema, "\(key)[\(index)]", "Must be text")
            return nil
        }
    }

    /// Field groups by their names; nil when the key is absent.
    mutating func groups(_ key: String) -> Set<FieldGroup>? {
        guard let value = object[key], !value.isNull else { return nil }
        return Set(codes(key, of: FieldGroup.self))
    }

    /// An object, as it came.
    mutating func object(_ key: String, required: Bool = false) -> Object? {
        guard let value = object[key], !value.isNull else {
            if required { fail(.missing, key, "Is required") }
            return nil
        }
        if value.objectValue == nil { fail(.schema, key, "Must be an object") }
        return value.objectValue
    }

    mutating func objects(_ key: String, required: Bool = false) -> [Object] {
        guard let value = object[key], !value.isNull else {
            if required { fail(.missing, key, "Is required") }
            return []
        }
        guard let elements = value.arrayValue, elements.count <= 100 else {
            fail(.schema, key, "Must be a list of at most 100 objects")
            return []
        }
        return elements.enumerated().compactMap { index, element in
            if let object = element.objectValue { return object }
            fail(.schema, "\(key)[\(index)]", "Must be an object")
            return nil
        }
    }

    /// Takes over what was found wrong inside the element at `place`.
    mutating func adopt(_ inner: RequestReader, at place: String) {
        findings += inner.findings.map { Finding($0.code, at: "\(place).\($0.path)", $0.text) }
    }
}

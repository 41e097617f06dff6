/// Collects what is wrong while one document is read.
final class Findings {
    private(set) var warnings: [Finding] = []
    private(set) var errors: [Finding] = []
    /// Whether one of the errors refuses the document.
    private(set) var isRefused = false

    func warn(_ code: FindingCode, at path: String, _ text: String) {
        // A document made to be wrong everywhere must not make an endless answer.
        if warnings.count < 200 { warnings.append(Finding(code, at: path, text)) }
    }

    func fail(_ code: FindingCode, at path: String, _ text: String) { errors.append(Finding(code, at: path, text)) }

    func refuse(_ code: FindingCode, at path: String, _ text: String) {
        fail(code, at: path, text)
        isRefused = true
    }
}

/// Reads the fields of one object, forgiving what can be understood and reporting the rest.
///
/// Null, empty and blank values count as absent everywhere: partner systems write them for "not known".
struct FieldReader {
    let object: Object
    let path: String
    let findings: Findings
    /// When the document was received; nil for a record of the hub's own, whose dates and sizes were judged before.
    let now: Instant?

    /// Past this a short text is cut: a name or a code is never so long.
    static let shortText = 500

    /// The place of a field, or of a key. Nobody asks where something stands in a record of the hub's own.
    func at(_ field: CanonicalField) -> String { at(field.key) }
    func at(_ key: String) -> String { path.isEmpty || now == nil ? key : "\(path).\(key)" }

    /// A text, without control characters and white space around it. Several texts are joined with spaces. Free text is not
    /// cut when `limit` is nil.
    func text(_ field: CanonicalField, limit: Int? = shortText) -> String? { text(field.key, limit: limit) }

    func text(_ key: String, limit: Int? = shortText) -> String? {
        switch object[key] {
        case nil, .null: return nil
        case .array(let elements) where !elements.isEmpty && elements.allSatisfy({ $0.textValue != nil }):
            findings.warn(.schema, at: at(key), "expected one text; several were joined")
            return text(.string(elements.compactMap(\.textValue).joined(separator: " ")), at: at(key), limit: limit)
        case .array(let elements) where elements.isEmpty: return nil
        case let value?: return text(value, at: at(key), limit: limit)
        }
    }

    private func text(_ value: Value, at path: @autoclosure () -> String, limit: Int?) -> String? {
        guard let written = value.textValue else {
            findings.warn(.schema, at: path(), "expected a text")
            return nil
        }
        // What the hub wrote was tidied before it was written.
        guard now != nil else { return written.isEmpty ? nil : written }
        let text = written.tidy
        guard let limit, text.utf8.count > limit, text.unicodeScalars.count > limit else {
            return text.isEmpty ? nil : text
        }
        findings.warn(.tooLarge, at: path(), "longer than \(limit) characters; cut")
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))).trimmed
    }

    /// The texts of a list, blanks left out, each with its place in the document; one text stands for a list of one.
    func texts(_ field: CanonicalField, atMost limit: Int = 20) -> [(text: String, path: String)] {
        elements(field.key, atMost: limit).compactMap { element in
            if element.value.isNull { return nil }
            return text(element.value, at: element.path, limit: Self.shortText).map { ($0, element.path) }
        }
    }

    /// The objects of a list, empty ones left out; one object stands for a list of one.
    func children(_ key: String, atMost limit: Int) -> [FieldReader] {
        elements(key, atMost: limit).compactMap { reader(of: $0.value, at: $0.path) }
    }

    /// An object within; nil when it is absent.
    func child(_ key: String) -> FieldReader? {
        object[key].flatMap { reader(of: $0, at: at(key)) }
    }

    /// A reader of an object; nil when there is nothing in it, or it is something else.
    func reader(of value: Value, at path: String) -> FieldReader? {
        if value.isEmpty { return nil }
        guard case .object(let object) = value else {
            findings.warn(.schema, at: path, "expected an object")
            return nil
        }
        return FieldReader(object: object, path: path, findings: findings, now: now)
    }

    /// The elements of a list with their places.
    func elements(_ key: String, atMost limit: Int) -> [(value: Value, path: String)] {
        guard let value = object[key], !value.isEmpty else { return [] }
        guard case .array(let elements) = value else {
            findings.warn(.schema, at: at(key), "expected a list")
            return [(value, at(key))]
        }
        if now != nil, elements.count > limit {
            findings.warn(.tooLarge, at: at(key), "more than \(limit) entries; the rest is left out")
        }
        guard now != nil else { return elements.map { ($0, key) } }
        return elements.prefix(limit).enumerated().map { ($0.element, "\(at(key))[\($0.offset)]") }
    }

    /// A truth value; `yes`, `no` and their like are understood with a warning.
    func flag(_ field: CanonicalField) -> Bool? {
        guard let value = object[field.key], !value.isEmpty else { return nil }
        if case .bool(let flag) = value { return flag }
        findings.warn(.schema, at: at(field), "expected true or false")
        return switch value.textValue?.trimmed.lowercased() {
        case "true", "yes", "y", "1": true
        case "false", "no", "n", "0": false
        default: nil
        }
    }

    /// A whole number within the range.
    func integer(_ field: CanonicalField, in range: ClosedRange<Int>) -> Int? {
        guard let value = object[field.key], !value.isEmpty else { return nil }
        guard let number = value.textValue.flatMap({ Int($0.trimmed) }), range.contains(number) else {
            findings.warn(
                .schema, at: at(field), "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// A code, or the text that stands in its place.
    func coded<Code>(_ field: CanonicalField, as list: Code.Type = Code.self) -> Coded<Code>? {
        text(field).map { coded($0, at: at(field)) }
    }

    func coded<Code>(_ text: String, at path: @autoclosure () -> String) -> Coded<Code> {
        let coded = Coded<Code>(text)
        if coded.code == nil { findings.warn(.unknownCode, at: path(), "not in the code list") }
        return coded
    }

    /// A day as `yyyy-mm-dd`; the time that some systems add is left out.
    func date(_ field: CanonicalField) -> CalendarDate? {
        guard let text = text(field) else { return nil }
        if let date = CalendarDate(iso: text) { return date }
        if text.utf8.count > 10, text.utf8.dropFirst(10).first == UInt8(ascii: "T"),
            let date = CalendarDate(iso: String(text.prefix(10)))
        {
            findings.warn(.invalidDate, at: at(field), "expected yyyy-mm-dd; the time is left out")
            return date
        }
        findings.warn(.invalidDate, at: at(field), "expected a day that exists, as yyyy-mm-dd")
        return nil
    }

    /// A birth date: not after today, and not more than 130 years ago.
    func birthDate(_ field: CanonicalField) -> CalendarDate? {
        guard let date = date(field) else { return nil }
        guard let today = now?.date else { return date }
        // A day's grace: it is already tomorrow in other zones.
        guard date.daysSince1970 <= today.daysSince1970 + 1, date.age(on: today) <= 130 else {
            findings.warn(.invalidDate, at: at(field), "nobody can have been born on this day")
            return nil
        }
        return date
    }

    /// A text brought into its normal form; as it was written, with a warning, when it fails its check. A record of the hub's
    /// own has it in that form.
    func checked(_ field: CanonicalField, by check: (String) -> IdentifierCheck) -> String? {
        text(field).flatMap { checked($0, at: at(field), by: check) }
    }

    func checked(
        _ text: String, at path: @autoclosure () -> String, by check: (String) -> IdentifierCheck
    ) -> String? {
        if now == nil { return text }
        switch check(text) {
        case .passed(let normal): return normal
        case .absent: return nil
        case .failed(let reason):
            findings.warn(.invalidIdentifier, at: path(), reason)
            return text
        }
    }
}

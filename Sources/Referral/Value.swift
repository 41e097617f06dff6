/// The one tree that every format is read into and written from: JSON's data model with numbers kept as they were written.
///
/// Equality is by content. Two strings are equal when Unicode calls them canonically equivalent, so that a name typed with
/// a combining accent equals the same name in NFC; two numbers are equal when their texts are; the order of an object's
/// keys does not count.
package enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number as its source wrote it (`007` in a spreadsheet, `1e3` in JSON), so that nothing is lost to a binary float.
    case number(String)
    case string(String)
    case array([Value])
    case object(Object)
}

extension Value {
    /// The text of a string; nil for anything else.
    package var stringValue: String? { if case .string(let text) = self { text } else { nil } }

    /// The text of a string or of a number; nil for anything else.
    package var textValue: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    /// The truth value; nil for anything else.
    package var boolValue: Bool? { if case .bool(let flag) = self { flag } else { nil } }

    /// A number without fraction or exponent that fits; nil for anything else.
    package var intValue: Int? { if case .number(let text) = self { Int(text) } else { nil } }

    /// The elements of an array; nil for anything else.
    package var arrayValue: [Value]? { if case .array(let elements) = self { elements } else { nil } }

    /// The members of an object; nil for anything else.
    package var objectValue: Object? { if case .object(let object) = self { object } else { nil } }

    /// Whether this is JSON's null.
    package var isNull: Bool { self == .null }

    /// Whether there is nothing in it: null, an empty string, an array or an object without members.
    package var isEmpty: Bool {
        switch self {
        case .null: true
        case .bool, .number: false
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let object): object.isEmpty
        }
    }

    /// A member of an object. Nil when this is no object or has no such member; setting on anything else makes it an object.
    package subscript(_ key: String) -> Value? {
        get { objectValue?[key] }
        set {
            var object = objectValue ?? Object()
            self = .null  // so that `object` is the only owner and is changed in place
            object[key] = newValue
            self = .object(object)
        }
    }

    /// An element of an array. Nil when this is no array or the index is outside it.
    package subscript(_ index: Int) -> Value? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The value at a path of keys and indices, such as `person.identifiers[0].value`; nil when any step is missing.
    package subscript(path path: String) -> Value? {
        var current = self
        for step in path.split(separator: ".") {
            let parts = step.split(separator: "[")
            var indices = parts[...]
            if !step.utf8.starts(with: "[".utf8), let key = parts.first {
                guard let next = current[String(key)] else { return nil }
                current = next
                indices = parts.dropFirst()
            }
            for part in indices {
                guard part.last == "]", let index = Int(part.dropLast()), let next = current[index] else { return nil }
                current = next
            }
        }
        return current
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(arrayLiteral elements: Value...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, Value)...) { self = .object(Object(elements)) }
    package init(nilLiteral: ()) { self = .null }
}

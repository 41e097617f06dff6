import Referral

/// Reads the members of one object of facts and notes what it cannot make out: keys that nobody knows, and values that are
/// not what their key says.
final class FactReader {
    /// Paths of keys that are not known, such as `request.colour`.
    private(set) var unknownKeys: [String] = []
    /// Paths of values that were not understood.
    private(set) var unreadable: [String] = []

    /// Notes every key of an object besides the known ones.
    func check(_ value: Value?, at path: String, known: [String]) {
        guard let value, !value.isNull else { return }
        guard let object = value.objectValue else {
            unreadable.append(path)
            return
        }
        for key in object.keys where !known.contains(key) { unknownKeys.append(path.isEmpty ? key : "\(path).\(key)") }
    }

    /// Reads one member; nil when it is absent or null, or noted when `read` cannot make it out.
    func read<T>(_ value: Value?, _ path: String, _ key: String, _ read: (Value) -> T?) -> T? {
        guard let member = value?[key], !member.isNull else { return nil }
        let result = read(member)
        if result == nil { unreadable.append(path.isEmpty ? key : "\(path).\(key)") }
        return result
    }

    /// Notes that something without which its object means nothing is missing.
    func missing<T>(_ path: String) -> T? {
        unreadable.append(path)
        return nil
    }

    func flag(_ value: Value?, _ path: String, _ key: String) -> Bool {
        read(value, path, key, \.boolValue) ?? false
    }

    func text(_ value: Value?, _ path: String, _ key: String) -> String? {
        read(value, path, key, \.textValue)
    }

    /// An approval or a reference: its text, or `yes` where only that there is one was written.
    func reference(_ value: Value?, _ path: String, _ key: String) -> String? {
        let text = read(value, path, key) { member in
            member.boolValue.map { $0 ? "yes" : "" } ?? member.textValue
        }
        return text.isGiven ? text : nil
    }

    func number(_ value: Value?, _ path: String, _ key: String) -> Int? {
        read(value, path, key) { $0.textValue.flatMap { Int($0) } }
    }

    func moment(_ value: Value?, _ path: String, _ key: String) -> Instant? {
        read(value, path, key) { $0.stringValue.flatMap(Instant.init(fact:)) }
    }

    /// A word, which has to be known; `none` is the same as nothing.
    func word<Word: RawRepresentable<String>>(_ value: Value?, _ path: String, _ key: String) -> Word? {
        guard value?[key]?.stringValue != "none" else { return nil }
        return read(value, path, key) { $0.stringValue.flatMap(Word.init) }
    }

    /// A list of texts; a single text is a list of one.
    func texts(_ value: Value?, _ path: String, _ key: String) -> [String]? {
        read(value, path, key) { member in
            if let text = member.stringValue { return [text] }
            guard let elements = member.arrayValue else { return nil }
            let texts = elements.compactMap(\.stringValue)
            return texts.count == elements.count ? texts : nil
        }
    }

    /// A list of words, each of which has to be known.
    func words<Word: RawRepresentable<String> & Hashable>(_ value: Value?, _ path: String, _ key: String) -> Set<Word>?
    {
        guard let texts = texts(value, path, key) else { return nil }
        let words = texts.compactMap(Word.init)
        if words.count != texts.count { unreadable.append(path.isEmpty ? key : "\(path).\(key)") }
        return Set(words)
    }

    /// A list of words of which the unknown ones are passed over: where a word can only permit, one that is not known
    /// permits nothing.
    func knownWords<Word: RawRepresentable<String> & Hashable>(
        _ value: Value?, _ path: String, _ key: String
    ) -> Set<Word>? {
        texts(value, path, key).map { Set($0.compactMap(Word.init)) }
    }
}

extension Instant {
    /// Reads RFC 3339, or a plain day as 00:00 UTC.
    init?(fact text: String) {
        if let day = CalendarDate(iso: text) {
            self.init(startOf: day)
        } else {
            self.init(rfc3339: text)
        }
    }
}

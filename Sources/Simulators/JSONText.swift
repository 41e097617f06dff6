/// Finds a text in JSON that a program wrote, without reading the whole: for the ends of a measurement.
enum JSONText {
    /// The first text of a member of this name that needs no escapes; nil when there is none.
    static func text(_ name: String, in document: [UInt8]) -> String? {
        guard let found = document.firstRange(of: Array("\"\(name)\"".utf8)) else { return nil }
        let blank = [UInt8(ascii: " "), UInt8(ascii: ":")]
        let rest = document[found.upperBound...].drop { blank.contains($0) }
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        return String(decoding: rest.dropFirst().prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }
}

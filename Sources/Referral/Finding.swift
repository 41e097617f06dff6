/// What was found wrong with a document, a field or a transfer (partner interfaces, section 1, error codes).
package enum FindingCode: String, CaseIterable, Sendable, Hashable {
    case notParseable = "not_parseable"
    case encoding
    case schema
    case missing
    case invalidIdentifier = "invalid_identifier"
    case invalidDate = "invalid_date"
    case unknownCode = "unknown_code"
    case tooLarge = "too_large"
    case mediaType = "media_type"
    case checksum
    case incompleteSet = "incomplete_set"
    case virus
    case senderMismatch = "sender_mismatch"
    case conflict
    case stale
    case notForUs = "not_for_us"
    case `internal`
}

/// One thing wrong, its place, and what would be right.
package struct Finding: Sendable, Hashable {
    /// What kind of mistake it is.
    package var code: FindingCode
    /// Where it is, such as `person.identifiers[0].value`; empty for the document as a whole.
    package var path: String
    /// What is wrong and what is expected, in plain words. Never quotes what the document says, so it is safe to log.
    package var text: String

    package init(_ code: FindingCode, at path: String, _ text: String) {
        self.code = code
        self.path = path
        self.text = text
    }

    /// Reads what ``value`` wrote; nil when it is something else.
    package init?(_ value: Value) {
        guard let code = value["code"]?.stringValue.flatMap(FindingCode.init), let path = value["path"]?.stringValue,
            let text = value["text"]?.stringValue
        else { return nil }
        self.init(code, at: path, text)
    }

    /// The finding as the acknowledgement writes it: code, path, text.
    package var value: Value { ["code": .string(code.rawValue), "path": .string(path), "text": .string(text)] }
}

extension Finding {
    /// A key that the sender made up as it may be told back: as keys are written, in lower-case letters, digits and `_`, at
    /// most 40. Nil for any other, which may hold what was meant to be a value.
    package static func shown(_ key: String) -> String? {
        let isPlain = key.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_")
        }
        return isPlain && (1...40).contains(key.utf8.count) ? key : nil
    }
}

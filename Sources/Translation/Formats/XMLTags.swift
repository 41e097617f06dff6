/// A look at an XML document's tags before it is parsed.
enum XMLTags {
    /// The most equals signs outside quotation marks in one tag, which is the most attributes an element has.
    ///
    /// Follows the document exactly as far as it is well formed; beyond that point nothing is parsed.
    static func mostAttributes(in bytes: [UInt8]) -> Int {
        var most = 0
        var position = 0
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                position += 1
                continue
            }
            let rest = bytes[position...].prefix(9)
            if rest.starts(with: "<!--".utf8) {
                position = end("-->", in: bytes, from: position + 4)
            } else if rest.elementsEqual("<![CDATA[".utf8) {
                position = end("]]>", in: bytes, from: position + 9)
            } else if rest.starts(with: "<?".utf8) {
                position = end("?>", in: bytes, from: position + 2)
            } else {
                most = max(most, attributes(in: bytes, from: &position))
            }
        }
        return most
    }

    /// The start tag of the root element as it is written, without the instructions, comments and spaces before it; empty
    /// when there is none among the first characters.
    static func root(in bytes: ArraySlice<UInt8>) -> String {
        let bytes = Array(bytes.prefix(4096))
        var position = 0
        while let start = bytes[position...].firstIndex(of: UInt8(ascii: "<")) {
            let rest = bytes[start...]
            if rest.starts(with: "<!--".utf8) {
                position = end("-->", in: bytes, from: start + 4)
            } else if rest.starts(with: "<?".utf8) {
                position = end("?>", in: bytes, from: start + 2)
            } else {
                return String(decoding: rest.prefix { $0 != UInt8(ascii: ">") }, as: UTF8.self)
            }
        }
        return ""
    }

    private static func attributes(in bytes: [UInt8], from position: inout Int) -> Int {
        var count = 0
        var quote: UInt8?
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "=") {
                count += 1
            } else if byte == UInt8(ascii: ">") {
                break
            }
        }
        return count
    }

    /// The place after the next occurrence of a text; the end when there is none.
    private static func end(_ text: StaticString, in bytes: [UInt8], from start: Int) -> Int {
        let length = text.utf8CodeUnitCount
        var position = start
        while position + length <= bytes.count {
            if (0..<length).allSatisfy({ bytes[position + $0] == text.utf8Start[$0] }) { return position + length }
            position += 1
        }
        return bytes.count
    }
}

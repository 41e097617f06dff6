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

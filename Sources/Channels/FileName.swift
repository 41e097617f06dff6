/// A name within a directory, byte for byte as the file system has it: partners can make names that are no text.
struct FileName: Hashable, Comparable, Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(_ text: String) { bytes = Array(text.utf8) }

    static func < (a: FileName, b: FileName) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

    func appending(_ suffix: String) -> FileName { FileName(bytes + Array(suffix.utf8)) }

    /// The name without `suffix`; `nil` when it does not end with it or nothing would be left.
    func dropping(_ suffix: String) -> FileName? {
        let suffix = Array(suffix.utf8)
        return bytes.count > suffix.count && bytes.suffix(suffix.count).elementsEqual(suffix)
            ? FileName(Array(bytes.dropLast(suffix.count))) : nil
    }

    /// Whether the hub takes files of this name. The agreed form is `<SENDER>_<TYPE>_<time>_<nnnn>.<ext>` in `[A-Z0-9_]`
    /// (partner interfaces, section 4.1); what people really send has lower case, spaces and brackets, and does no harm.
    var isTaken: Bool {
        (1...200).contains(bytes.count) && bytes[0] != UInt8(ascii: ".") && bytes.allSatisfy(Self.isHarmless)
    }

    /// The name for reports, logs and answers: whatever is not harmless becomes `_`.
    var shown: String {
        var shown = bytes.prefix(200).map { Self.isHarmless($0) ? $0 : UInt8(ascii: "_") }
        if shown.first == UInt8(ascii: ".") { shown[0] = UInt8(ascii: "_") }
        return String(decoding: shown, as: UTF8.self)
    }

    private static func isHarmless(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: " ._-()+,=@".utf8.contains(byte)
        }
    }

    func withPath<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}

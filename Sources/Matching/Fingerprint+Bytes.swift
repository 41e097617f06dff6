import Referral

extension Fingerprint {
    /// The form in which it is sealed and kept: a version, then each list with its length before it.
    package var bytes: [UInt8] {
        var writer = FingerprintWriter()
        writer.list(givens) { $0.list($1) { $0.text($1) } }
        writer.list(families) { $0.list($1) { $0.text($1) } }
        writer.list(birthDates) { $0.date($1) }
        writer.byte(sex == .female ? 1 : sex == .male ? 2 : 0)
        writer.list(homes) {
            for part in [$1.uprn, $1.postcode, $1.town, $1.number, $1.street] { $0.text(part) }
        }
        writer.list(phones) { $0.text($1) }
        writer.list(emails) { $0.text($1) }
        writer.text(verifiedNHSNumber)
        writer.list(nhsNumbers) { $0.text($1) }
        writer.list(numbers) {
            $0.text(Array($1.type.rawValue.utf8))
            $0.text($1.scope)
            $0.text($1.value)
        }
        return writer.bytes
    }

    /// Reads what ``bytes`` wrote; nil for anything else.
    package init?(bytes: [UInt8]) {
        guard bytes.first == FingerprintWriter.version else { return nil }
        var reader = FingerprintReader(bytes: bytes)
        givens = reader.list { $0.list { $0.text() } }
        families = reader.list { $0.list { $0.text() } }
        birthDates = reader.list { $0.date() }
        sex = [1: .female, 2: .male][reader.byte()]
        homes = reader.list {
            Home(uprn: $0.text(), postcode: $0.text(), town: $0.text(), number: $0.text(), street: $0.text())
        }
        phones = reader.list { $0.text() }
        emails = reader.list { $0.text() }
        verifiedNHSNumber = reader.text()
        nhsNumbers = reader.list { $0.text() }
        numbers = reader.list { reader in
            let type = IdentifierType(rawValue: String(decoding: reader.text(), as: UTF8.self)) ?? .local
            return Number(type: type, scope: reader.text(), value: reader.text())
        }
        guard reader.isWhole else { return nil }
    }
}

private struct FingerprintWriter {
    static let version: UInt8 = 1
    private(set) var bytes: [UInt8] = [version]

    mutating func byte(_ byte: UInt8) { bytes.append(byte) }

    /// At most 255 bytes; what a fingerprint holds is shorter.
    mutating func text(_ text: [UInt8]) {
        bytes.append(UInt8(clamping: text.count))
        bytes += text.prefix(255)
    }

    mutating func date(_ date: CalendarDate) {
        for byte in [UInt8(date.year >> 8), UInt8(date.year & 0xFF), UInt8(date.month), UInt8(date.day)] {
            bytes.append(byte)
        }
    }

    mutating func list<Element>(_ elements: [Element], _ write: (inout FingerprintWriter, Element) -> Void) {
        bytes.append(UInt8(clamping: elements.count))
        for element in elements.prefix(255) { write(&self, element) }
    }
}

private struct FingerprintReader {
    let bytes: [UInt8]
    private var place = 1
    private var isShort = false

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Whether everything was there, and nothing more.
    var isWhole: Bool { !isShort && place == bytes.count }

    mutating func byte() -> UInt8 {
        guard place < bytes.count else {
            isShort = true
            return 0
        }
        defer { place += 1 }
        return bytes[place]
    }

    mutating func text() -> [UInt8] {
        let count = Int(byte())
        guard place + count <= bytes.count else {
            isShort = true
            return []
        }
        defer { place += count }
        return Array(bytes[place..<place + count])
    }

    mutating func date() -> CalendarDate {
        let year = Int(byte()) << 8 | Int(byte())
        guard let date = CalendarDate(year: year, month: Int(byte()), day: Int(byte())) else {
            isShort = true
            return .last
        }
        return date
    }

    mutating func list<Element>(_ read: (inout FingerprintReader) -> Element) -> [Element] {
        var list: [Element] = []
        for _ in 0..<byte() where !isShort { list.append(read(&self)) }
        return list
    }
}

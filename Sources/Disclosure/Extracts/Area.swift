import Referral

/// Where somebody lives, as coarse as an extract may tell it: codes of the Office for National Statistics.
///
/// The postcode district, which is in the same field group, is not told: it is neither inside a ward nor made of wards, so
/// that counts by both could be set against each other.
package struct Area: Sendable, Hashable {
    /// Lower layer super output area, such as `E01013449`: about 1500 people.
    package let lsoa: String
    /// Electoral ward, such as `E05001771`.
    package let ward: String

    /// Nil unless both are codes of nine characters, a letter and eight digits: so nothing else ever takes their place.
    package init?(lsoa: String, ward: String) {
        guard Self.isCode(lsoa), Self.isCode(ward) else { return nil }
        self.lsoa = lsoa
        self.ward = ward
    }

    private static func isCode(_ text: String) -> Bool {
        text.utf8.count == 9 && text.utf8.first.map { (0x41...0x5A).contains($0) } == true
            && text.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }
}

/// How finely an area is told.
package enum AreaLevel: String, Sendable, Hashable {
    case lsoa, ward

    /// The code of an area; `unknown` where none is known.
    func code(of area: Area?) -> String {
        switch self {
        case .lsoa: area?.lsoa ?? Self.unknown
        case .ward: area?.ward ?? Self.unknown
        }
    }

    static let unknown = "unknown"
}

/// The areas of postcodes, as cut from the ONS Postcode Directory.
package struct AreaTable: Sendable {
    private var areas: [String: Area] = [:]

    /// A table without postcodes: no area is known of anybody.
    package init() {}

    /// Enters the area of a postcode.
    ///
    /// - Returns: Whether the text is a postcode.
    package mutating func insert(_ area: Area, at postcode: String) -> Bool {
        guard case .passed(let postcode) = Postcode.normalise(postcode) else { return false }
        areas[postcode] = area
        return true
    }

    /// The area of a postcode in its normal form; nil where the table does not have it.
    package subscript(postcode: String) -> Area? { areas[postcode] }
}

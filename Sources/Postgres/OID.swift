/// The number that PostgreSQL gives to a data type, for the types this layer sends and reads.
///
/// The numbers of built-in types are fixed for ever in `pg_type.dat`; those of types made by users start at 16384.
package struct OID: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    static let bool = OID(rawValue: 16)
    static let bytea = OID(rawValue: 17)
    static let char = OID(rawValue: 18)
    static let name = OID(rawValue: 19)
    static let int8 = OID(rawValue: 20)
    static let int2 = OID(rawValue: 21)
    static let int4 = OID(rawValue: 23)
    static let text = OID(rawValue: 25)
    static let oid = OID(rawValue: 26)
    static let json = OID(rawValue: 114)
    static let float4 = OID(rawValue: 700)
    static let float8 = OID(rawValue: 701)
    static let unknown = OID(rawValue: 705)
    static let bpchar = OID(rawValue: 1042)
    static let varchar = OID(rawValue: 1043)
    static let timestamptz = OID(rawValue: 1184)
    static let interval = OID(rawValue: 1186)
    static let uuid = OID(rawValue: 2950)
    static let jsonb = OID(rawValue: 3802)
    static let xid8 = OID(rawValue: 5069)

    static let boolArray = OID(rawValue: 1000)
    static let byteaArray = OID(rawValue: 1001)
    static let int2Array = OID(rawValue: 1005)
    static let int4Array = OID(rawValue: 1007)
    static let textArray = OID(rawValue: 1009)
    static let int8Array = OID(rawValue: 1016)
    static let float8Array = OID(rawValue: 1022)
    static let timestamptzArray = OID(rawValue: 1185)
    static let intervalArray = OID(rawValue: 1187)
    static let uuidArray = OID(rawValue: 2951)
    static let jsonbArray = OID(rawValue: 3807)

    /// Whether the binary form is the text itself: the text types, and user types such as enumerations.
    var isTextual: Bool {
        switch self {
        case .text, .varchar, .bpchar, .name, .char, .unknown, .json: true
        default: rawValue >= 16384
        }
    }
}

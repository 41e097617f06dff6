/// The bytes that frame a message on a connection: Minimal Lower Layer Protocol, HL7 v2.4 implementation guide appendix C.
package enum MLLP {
    /// Before a message.
    package static let start: UInt8 = 0x0B
    /// After a message, followed by CR.
    package static let end: UInt8 = 0x1C

    /// A message in its frame.
    package static func frame(_ message: [UInt8]) -> [UInt8] { [start] + message + [end, UInt8(ascii: "\r")] }
}

import Channels
import Crypto
import Foundation

/// Puts a file into a drop folder as a partner does over SFTP: `NAME.part`, renamed; `NAME.sha256`; then an empty `NAME.done`
/// (partner interfaces, section 4.1).
struct DropWriter: Sendable {
    /// `<drop>/<partner>/in`.
    var folder: String

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(filePath: path + ".part"))
        guard rename(path + ".part", path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        try Data("\(Hexadecimal.text(SHA256.hash(data: bytes)))  \(name)\n".utf8).write(
            to: URL(filePath: path + ".sha256"))
        try Data().write(to: URL(filePath: path + ".done"))
    }
}

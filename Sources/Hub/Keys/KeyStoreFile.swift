package import CaseStore
import Glibc
package import Postgres
import Referral
package import Vault

/// A backup of the key store: every wrapped key of the database, apart from what they seal, and who was erased before.
///
/// All of it is sealed by a key of its own, which is wrapped as the others are, so that nothing in it can be changed or left
/// out unseen, and retiring the key that wraps ends it:
///
///     "HUBKEYS1" · wrapped key 65 · frames: length 4 · sealed: what it holds 1 · rows
///
/// The first frame is the time as JSON, the last, which is empty, that the file is whole.
package struct KeyStoreFile {
    /// Why a backup cannot be used.
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case notABackup
        /// The key by which it is sealed was retired, or is another installation's.
        case otherKey(String)
        case damaged

        package var description: String {
            switch self {
            case .notABackup: "this is no backup of a key store"
            case .otherKey(let mark):
                "this backup is sealed by the key \(mark), which the key file does not hold: with that key it has ended"
            case .damaged: "this backup is cut short or was altered"
            }
        }
    }

    private static let magic = Array("HUBKEYS1".utf8)
    private static let longestFrame = 16 << 20
    private static let head: UInt8 = 0
    private static let erased: UInt8 = 100
    private static let end: UInt8 = 255

    /// When it was made.
    package private(set) var madeAt: Timestamp
    package private(set) var keys: [WrappedKeys: [WrappedKey]] = [:]
    package private(set) var erased: [UUIDValue] = []

    package var count: Int { keys.values.reduce(0) { $0 + $1.count } }

    /// Reads a backup whole.
    ///
    /// - Throws: ``Failure``.
    package init(_ bytes: [UInt8], vault: Vault) throws {
        guard bytes.count >= 73, bytes.starts(with: Self.magic), let mark = Vault.mark(of: Array(bytes[8..<73])) else {
            throw Failure.notABackup
        }
        let key: DataKey
        do {
            key = try vault.unwrap(Array(bytes[8..<73]), isRemembered: false)
        } catch VaultError.otherInstallation {
            throw Failure.otherKey(mark.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        } catch {
            throw Failure.damaged
        }
        var place = 73
        var number = 0
        var madeAt: Timestamp?
        var isWhole = false
        while place + 4 <= bytes.count, !isWhole {
            let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            place += 4
            guard (1...Self.longestFrame).contains(length), place + length <= bytes.count,
                let plain = try? vault.open(
                    Array(bytes[place..<place + length]), with: key, context: Self.context(number)),
                let kind = plain.first
            else { throw Failure.damaged }
            place += length
            number += 1
            let rows = plain.dropFirst()
            switch kind {
            case Self.head:
                guard let value = try? StrictJSON.parse(Array(rows)), let moment = value["made_at"]?.intValue else {
                    throw Failure.damaged
                }
                madeAt = Timestamp(microseconds: Int64(moment))
            case Self.erased:
                for start in stride(from: rows.startIndex, to: rows.endIndex, by: 16) {
                    guard let id = UUIDValue(bytes: rows[start..<min(start + 16, rows.endIndex)]) else {
                        throw Failure.damaged
                    }
                    erased.append(id)
                }
            case Self.end:
                isWhole = true
            default:
                guard WrappedKeys.allCases.indices.contains(Int(kind) - 1), rows.count % 81 == 0 else {
                    throw Failure.damaged
                }
                for start in stride(from: rows.startIndex, to: rows.endIndex, by: 81) {
                    guard let id = UUIDValue(bytes: rows[start..<start + 16]) else { throw Failure.damaged }
                    keys[WrappedKeys.allCases[Int(kind) - 1], default: []].append(
                        WrappedKey(id: id, wrapped: Array(rows[start + 16..<start + 81])))
                }
            }
        }
        guard isWhole, place == bytes.count, let madeAt else { throw Failure.damaged }
        self.madeAt = madeAt
    }

    private static func context(_ frame: Int) -> String { "key store/\(frame)" }

    /// Writes a backup: beside its place first, so that one of that name is always whole. A file that is there is not
    /// overwritten.
    final class Writer {
        private let path: String
        private let part: String
        private let descriptor: Int32
        private let vault: Vault
        private let key: DataKey
        private var frames = 0

        init(_ path: String, madeAt: Timestamp, vault: Vault) throws {
            self.path = path
            // A name of its own, and none that is there: two nodes may make one at the same moment.
            part = "\(path).\(UUIDValue.random()).part"
            descriptor = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw LocalFile.Failure(operation: "open", path: part, code: errno) }
            self.vault = vault
            let wrapped: [UInt8]
            (key, wrapped) = vault.newDataKey()
            try write(KeyStoreFile.magic + wrapped)
            try frame(
                KeyStoreFile.head, StrictJSON.write(["made_at": .number(String(madeAt.microseconds))]))
        }

        deinit { close(descriptor) }

        func add(_ rows: [WrappedKey], of keys: WrappedKeys) throws {
            guard let number = WrappedKeys.allCases.firstIndex(of: keys) else { return }
            try frame(UInt8(number + 1), rows.flatMap { $0.id.bytes + $0.wrapped })
        }

        func add(erased: [UUIDValue]) throws {
            for start in stride(from: 0, to: erased.count, by: 5000) {
                try frame(
                    KeyStoreFile.erased, erased[start..<min(start + 5000, erased.count)].flatMap(\.bytes))
            }
        }

        /// Ends it and puts it in its place.
        func finish() throws {
            try frame(KeyStoreFile.end, [])
            guard fsync(descriptor) == 0 else {
                throw LocalFile.Failure(operation: "fsync", path: part, code: errno)
            }
            guard link(part, path) == 0 else {
                throw LocalFile.Failure(operation: "link", path: path, code: errno)
            }
            unlink(part)
            try LocalFile.flushFolder(of: path)
        }

        func discard() { unlink(part) }

        private func frame(_ kind: UInt8, _ rows: [UInt8]) throws {
            let sealed = vault.seal([kind] + rows, with: key, context: KeyStoreFile.context(frames))
            frames += 1
            try write(withUnsafeBytes(of: UInt32(sealed.count).bigEndian) { Array($0) } + sealed)
        }

        private func write(_ bytes: [UInt8]) throws {
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw LocalFile.Failure(operation: "write", path: part, code: errno) }
                done += count
            }
        }
    }
}

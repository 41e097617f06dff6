/// Writes zip archives for tests, good ones and such as nobody should send.
struct ZipFile {
    /// A member as the archive's directory describes it.
    struct Member {
        var name: String
        var bytes: [UInt8]
        /// Nil: stored as it is.
        var packed: [UInt8]?
        /// What the directory says of the size; defaults to the truth.
        var said: Int?
        /// The kind of file in Unix's words.
        var mode: UInt32 = 0o100644
        var flags: UInt16 = 0
        var isDamaged = false
    }

    static func write(_ members: [Member]) -> [UInt8] {
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        for member in members {
            let offset = archive.count
            let packed = member.packed ?? member.bytes
            let checksum = crc32(member.bytes) ^ (member.isDamaged ? 1 : 0)
            let common =
                word(20) + word(member.flags) + word(member.packed == nil ? 0 : 8) + word(0) + word(0) + long(checksum)
                + long(UInt32(packed.count)) + long(UInt32(member.said ?? member.bytes.count))
                + word(UInt16(member.name.utf8.count)) + word(0)
            archive += [0x50, 0x4B, 3, 4] + common + Array(member.name.utf8) + packed
            directory +=
                [0x50, 0x4B, 1, 2] + word(3 << 8 | 20) + common + word(0) + word(0) + word(0) + long(member.mode << 16)
                + long(UInt32(offset)) + Array(member.name.utf8)
        }
        let count = word(UInt16(members.count))
        return archive + directory + [0x50, 0x4B, 5, 6] + word(0) + word(0) + count + count
            + long(UInt32(directory.count)) + long(UInt32(archive.count)) + word(0)
    }

    /// An archive of texts by name.
    static func write(_ texts: KeyValuePairs<String, String>) -> [UInt8] {
        write(texts.map { Member(name: $0.key, bytes: Array($0.value.utf8)) })
    }

    private static func word(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }
    private static func long(_ value: UInt32) -> [UInt8] {
        word(UInt16(value & 0xFFFF)) + word(UInt16(value >> 16))
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}

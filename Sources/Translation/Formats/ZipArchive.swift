import CZip
package import Referral

/// A zip archive in memory, of which named members are handed out; nothing is ever written to a disk.
///
/// An archive is refused as a whole when anything in it is not plain: more entries, bytes or compression than the limits allow
/// (partner interfaces, section 4.1), names that lead out of a folder or stand twice, links and devices, archives within it,
/// encryption. What the directory says of sizes is checked again while reading, so an archive that lies about them gains nothing.
package final class ZipArchive {
    /// How much an archive may hold.
    package struct Limits: Sendable, Hashable {
        /// Most entries, folders among them. Defaults to 100.
        package var entries = 100
        /// Most bytes of all members together, unpacked. Defaults to 100 MiB.
        package var bytes = 100 << 20
        /// Most bytes unpacked for each byte packed, of every member. Defaults to 100.
        package var ratio = 100

        package init(entries: Int = 100, bytes: Int = 100 << 20, ratio: Int = 100) {
            self.entries = entries
            self.bytes = bytes
            self.ratio = ratio
        }
    }

    /// The members in the archive's order, without folders.
    package private(set) var names: [String] = []

    private struct Entry {
        var index: UInt64
        var size: Int
    }

    private var entries: [String: Entry] = [:]
    private let archive: OpaquePointer
    /// libzip reads from it until the archive is closed.
    private let memory: UnsafeMutableRawBufferPointer

    /// Opens an archive and looks through its directory.
    ///
    /// - Throws: `not_parseable` for what is no archive or not a plain one, `too_large` past a limit. Paths are the members'
    ///   numbers (`entry 3`): their names are the sender's words.
    package init(_ bytes: [UInt8], limits: Limits = Limits()) throws(DocumentError) {
        memory = .allocate(byteCount: max(bytes.count, 1), alignment: 1)
        memory.copyBytes(from: bytes)
        // libzip takes no bytes at all for an archive without entries.
        guard bytes.starts(with: Self.signature), let archive = Self.open(memory, count: bytes.count) else {
            memory.deallocate()
            throw DocumentError(.notParseable, at: "", "the file is not a zip archive, or it is damaged")
        }
        self.archive = archive
        try look(limits)
    }

    deinit {
        zip_discard(archive)
        memory.deallocate()
    }

    private static func open(_ memory: UnsafeMutableRawBufferPointer, count: Int) -> OpaquePointer? {
        guard let source = zip_source_buffer_create(memory.baseAddress, UInt64(count), 0, nil) else { return nil }
        // Consistency checks compare the directory with the members' own headers: readers disagree about which counts.
        guard let archive = zip_open_from_source(source, ZIP_RDONLY | Int32(ZIP_CHECKCONS), nil) else {
            zip_source_free(source)
            return nil
        }
        return archive
    }

    private func look(_ limits: Limits) throws(DocumentError) {
        let count = Int(zip_get_num_entries(archive, 0))
        if count > limits.entries { throw .tooLarge("the archive has more than \(limits.entries) entries") }
        var total = 0
        for index in 0..<count {
            let place = "entry \(index + 1)"
            var status = zip_stat_t()
            guard zip_stat_index(archive, UInt64(index), 0, &status) == 0, let text = status.name else {
                throw DocumentError(.notParseable, at: place, "the archive's directory is damaged")
            }
            let name = String(cString: text)
            guard status.encryption_method == ZIP_EM_NONE else {
                throw DocumentError(.notParseable, at: place, "encrypted entries are refused")
            }
            guard Self.isSafe(name) else {
                throw DocumentError(.notParseable, at: place, "the entry's name leads out of its folder")
            }
            guard isPlain(UInt64(index)) else {
                throw DocumentError(.notParseable, at: place, "links and devices are refused")
            }
            if name.hasSuffix("/") { continue }
            guard status.comp_method == ZIP_CM_STORE || status.comp_method == ZIP_CM_DEFLATE else {
                throw DocumentError(.notParseable, at: place, "the entry is packed in an unusual way")
            }
            guard !Self.archives.contains(where: name.lowercased().hasSuffix) else {
                throw DocumentError(.notParseable, at: place, "an archive within an archive is refused")
            }
            guard let size = Int(exactly: status.size), size <= limits.bytes - total else {
                throw .tooLarge("the archive has more than \(limits.bytes) bytes unpacked", at: place)
            }
            guard UInt64(size) <= max(status.comp_size, 1) * UInt64(limits.ratio) else {
                throw .tooLarge("the entry is packed more than \(limits.ratio) times", at: place)
            }
            total += size
            guard entries.updateValue(Entry(index: UInt64(index), size: size), forKey: name) == nil else {
                throw DocumentError(.notParseable, at: place, "two entries have the same name")
            }
            names.append(name)
        }
    }

    /// The bytes of a member; nil when there is none of that name.
    ///
    /// - Throws: `not_parseable` when it is damaged or is an archive itself, `too_large` when it holds more than the directory says.
    package func bytes(of name: String) throws(DocumentError) -> [UInt8]? {
        guard let entry = entries[name] else { return nil }
        let place = "entry \(entry.index + 1)"
        let damaged = DocumentError(.notParseable, at: place, "the entry is damaged")
        guard let file = zip_fopen_index(archive, entry.index, 0) else { throw damaged }
        defer { zip_fclose(file) }
        var read = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: entry.size + 1) { buffer, count in
            // One byte more than is said to be there: the check sum is only looked at beyond the end.
            while read >= 0, count <= entry.size {
                read = Int(zip_fread(file, buffer.baseAddress?.advanced(by: count), UInt64(entry.size + 1 - count)))
                if read <= 0 { break }
                count += read
            }
        }
        if bytes.count > entry.size { throw .tooLarge("the entry holds more than it says", at: place) }
        guard read == 0, bytes.count == entry.size else { throw damaged }
        let isDocument = Self.documents.contains(where: name.lowercased().hasSuffix)
        if bytes.starts(with: Self.signature), !isDocument {
            throw DocumentError(.notParseable, at: place, "an archive within an archive is refused")
        }
        return bytes
    }

    /// What an archive begins with.
    package static let signature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    private static let archives = [".zip", ".jar", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".tar", ".cab"]
    /// Documents that are archives themselves and may come in one.
    private static let documents = [".docx", ".xlsx"]

    /// Whether a name stays below the folder it is put in, on every system.
    private static func isSafe(_ name: String) -> Bool {
        guard !name.isEmpty, !name.hasPrefix("/"), !name.contains("\\"), !name.contains(":"),
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { return false }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast().allSatisfy { !$0.isEmpty } && parts.allSatisfy { $0 != ".." && $0 != "." }
    }

    /// Whether an entry is a file or a folder. Unix writes the kind of file into the upper half of the attributes.
    private func isPlain(_ index: UInt64) -> Bool {
        var system: UInt8 = 0
        var attributes: UInt32 = 0
        guard zip_file_get_external_attributes(archive, index, 0, &system, &attributes) == 0 else { return false }
        guard system == ZIP_OPSYS_UNIX || system == ZIP_OPSYS_OS_X else { return true }
        let kind = (attributes >> 16) & 0o170000
        return [0, 0o100000, 0o040000].contains(kind)
    }
}

import CZip

/// Puts files into one zip archive. The same files always give the same bytes: members are stored as they are, since what a
/// packer makes of them hangs on its version, and have no time of their own.
package enum ZipWriter {
    /// The bytes of an archive with these members, in this order; nil when there is no memory for it.
    ///
    /// - Parameter files: Names of ASCII without folders, each once.
    package static func write(_ files: [(name: String, bytes: [UInt8])]) -> [UInt8]? {
        guard let target = zip_source_buffer_create(nil, 0, 0, nil) else { return nil }
        // Closing the archive lets go of it, and what was written is read from it afterwards.
        zip_source_keep(target)
        defer { zip_source_free(target) }
        guard let archive = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, nil) else {
            zip_source_free(target)
            return nil
        }
        // libzip reads the members when the archive is closed.
        let memory = files.map { file in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(file.bytes.count, 1), alignment: 1)
            copy.copyBytes(from: file.bytes)
            return copy
        }
        defer { for copy in memory { copy.deallocate() } }
        for (file, copy) in zip(files, memory) {
            guard add(file.name, UnsafeRawBufferPointer(copy).prefix(file.bytes.count), to: archive) else {
                zip_discard(archive)
                return nil
            }
        }
        guard zip_close(archive) == 0 else {
            zip_discard(archive)
            return nil
        }
        return bytes(of: target)
    }

    private static func add(
        _ name: String, _ bytes: Slice<UnsafeRawBufferPointer>, to archive: OpaquePointer
    ) -> Bool {
        let start = UnsafeRawBufferPointer(rebasing: bytes).baseAddress
        guard let source = zip_source_buffer(archive, start, UInt64(bytes.count), 0) else { return false }
        let index = zip_file_add(archive, name, source, ZIP_FL_ENC_GUESS)
        guard index >= 0 else {
            zip_source_free(source)
            return false
        }
        let entry = UInt64(index)
        return zip_set_file_compression(archive, entry, ZIP_CM_STORE, 0) == 0
            && zip_file_set_dostime(archive, entry, 0, firstDay, 0) == 0
            && zip_file_set_external_attributes(archive, entry, 0, UInt8(ZIP_OPSYS_UNIX), ownersAlone) == 0
    }

    private static func bytes(of source: OpaquePointer) -> [UInt8]? {
        var status = zip_stat_t()
        guard zip_source_stat(source, &status) == 0, let size = Int(exactly: status.size), zip_source_open(source) == 0
        else { return nil }
        defer { zip_source_close(source) }
        var isWhole = false
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            isWhole = zip_source_read(source, buffer.baseAddress, UInt64(size)) == Int64(size)
            count = isWhole ? size : 0
        }
        return isWhole ? bytes : nil
    }

    /// 1 January 1980, the first day that an archive can name.
    private static let firstDay: UInt16 = 1 << 5 | 1
    /// A file that its owner alone may read and write, in the words of Unix.
    private static let ownersAlone: UInt32 = 0o100600 << 16
}

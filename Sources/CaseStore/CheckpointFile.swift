import Glibc
package import Ledger

/// The signed checkpoints of the ledger in a file outside PostgreSQL, one after another with an empty line after each, only
/// ever appended to.
///
/// Who can write to the database cannot write here, so a ledger that was altered, or whose tail was cut together with
/// its checkpoints, is found out. Keep it on another disk, or ship what is appended to somebody else.
package struct CheckpointFile: Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// Appends a checkpoint and returns when the disk has it. One that a crash cut short is closed first.
    package func append(_ checkpoint: SignedCheckpoint) throws(CheckpointFileError) {
        let descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CheckpointFileError(number: errno) }
        defer { close(descriptor) }
        var last: [UInt8] = [0x0A, 0x0A]
        let size = lseek(descriptor, 0, SEEK_END)
        if size > 0 {
            let count = min(2, Int(size))
            let read = last.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + (2 - count), count, size - off_t(count))
            }
            guard read == count else { throw CheckpointFileError(number: errno) }
        }
        let bytes = Array(((last == [0x0A, 0x0A] ? "" : "\n\n") + checkpoint.note.description + "\n").utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw CheckpointFileError(number: errno)
        }
    }

    /// Starts reading from the first checkpoint.
    package func reader() throws(CheckpointFileError) -> CheckpointReader {
        guard let stream = fopen(path, "re") else { throw CheckpointFileError(number: errno) }
        return CheckpointReader(stream)
    }

    /// The checkpoint of a size, or with none given the last in the file; nothing when there is no such one.
    ///
    /// Reads the whole file for a size, its last 16 KiB for the last.
    package func checkpoint(ofSize size: Int? = nil) throws(CheckpointFileError) -> SignedCheckpoint? {
        let reader = try reader()
        guard let size else { return reader.last() }
        while let next = reader.next() {
            if next.checkpoint.size == size { return next }
        }
        return nil
    }
}

/// The checkpoint file could not be read or written; the number is the system's `errno`.
package struct CheckpointFileError: Error, Equatable, CustomStringConvertible {
    package let number: Int32

    package init(number: Int32) {
        self.number = number
    }

    package var description: String {
        "the checkpoint file cannot be used: \(String(cString: strerror(number)))"
    }
}

/// Reads checkpoints one after another, so that years of them need no memory.
package final class CheckpointReader: IteratorProtocol {
    private let stream: UnsafeMutablePointer<FILE>
    /// What was passed over because it is no whole checkpoint: cut short by a crash, or written by somebody else.
    package private(set) var passedOver = 0
    /// Paragraphs read and not yet part of a checkpoint: at most the text of one.
    private var text: String?

    init(_ stream: UnsafeMutablePointer<FILE>) {
        self.stream = stream
    }

    deinit { fclose(stream) }

    /// The next checkpoint; what is no whole one is passed over and counted.
    package func next() -> SignedCheckpoint? {
        while let paragraph = paragraph() {
            guard paragraph.hasPrefix("\u{2014} ") else {
                if text != nil { passedOver += 1 }
                text = paragraph
                continue
            }
            let note = (text ?? "") + "\n" + paragraph
            text = nil
            if let checkpoint = SignedCheckpoint(note) { return checkpoint }
            passedOver += 1
        }
        if text != nil { passedOver += 1 }
        text = nil
        return nil
    }

    /// The last checkpoint of the file; nothing when its last 16 KiB hold no whole one.
    fileprivate func last() -> SignedCheckpoint? {
        if fseek(stream, -(16 << 10), SEEK_END) == 0 { _ = paragraph() }
        var last: SignedCheckpoint?
        while let next = next() { last = next }
        return last
    }

    /// Lines up to the next empty one, with their line feeds; nothing at the end of the file.
    private func paragraph() -> String? {
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        var paragraph = ""
        while getline(&line, &capacity, stream) > 0, let text = line.map({ String(cString: $0) }) {
            if text != "\n" {
                paragraph += text
            } else if !paragraph.isEmpty {
                break
            }
        }
        return paragraph.isEmpty ? nil : paragraph
    }
}

import Glibc
package import Ledger

/// The checkpoints of the ledger in a file outside PostgreSQL, a line each, only ever appended to.
///
/// Who can write to the database cannot write here, so a ledger that was altered, or whose tail was cut together with
/// its checkpoints, is found out. Keep it on another disk, or ship the lines to somebody else.
package struct CheckpointFile: Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// Appends a line and returns when the disk has it. A line that a crash cut short is closed first.
    package func append(_ checkpoint: Checkpoint) throws(CheckpointFileError) {
        let descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CheckpointFileError(number: errno) }
        defer { close(descriptor) }
        var last = UInt8(ascii: "\n")
        let size = lseek(descriptor, 0, SEEK_END)
        if size > 0, pread(descriptor, &last, 1, size - 1) != 1 { throw CheckpointFileError(number: errno) }
        let line = (last == UInt8(ascii: "\n") ? "" : "\n") + checkpoint.line + "\n"
        let bytes = Array(line.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw CheckpointFileError(number: errno)
        }
    }

    /// Starts reading from the first line.
    package func reader() throws(CheckpointFileError) -> CheckpointReader {
        guard let stream = fopen(path, "re") else { throw CheckpointFileError(number: errno) }
        return CheckpointReader(stream)
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

    init(_ stream: UnsafeMutablePointer<FILE>) {
        self.stream = stream
    }

    deinit { fclose(stream) }

    /// The next line that is a checkpoint; one that a crash cut short is passed over.
    package func next() -> Checkpoint? {
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, stream) > 0, let text = line.map({ String(cString: $0) }) {
            if text.hasSuffix("\n"), let checkpoint = Checkpoint(line: text.dropLast()) { return checkpoint }
        }
        return nil
    }
}

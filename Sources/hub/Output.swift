import ArgumentParser
import Console
import Glibc
import Referral
import Translation

/// Exit codes of sysexits(3), as every command uses them.
extension ExitCode {
    /// Bad data was given (EX_DATAERR).
    static let badData = ExitCode(65)
    /// A service that is needed cannot be reached (EX_UNAVAILABLE).
    static let unavailable = ExitCode(69)
    /// The configuration is wrong (EX_CONFIG).
    static let badConfiguration = ExitCode(78)
}

/// What commands print: text on standard output, remarks on standard error, tables either for people or as JSON.
enum Output {
    /// One line on standard output.
    static func line(_ text: String) { Self.text(text + "\n") }

    /// Text as it is on standard output.
    static func text(_ text: String) { bytes(Array(text.utf8), to: STDOUT_FILENO) }

    /// One value as a line of JSON on standard output.
    static func json(_ value: Value) {
        bytes(StrictJSON.write(value) + [0x0A], to: STDOUT_FILENO)
    }

    /// One remark on standard error.
    static func remark(_ text: String) {
        bytes(Array((text + "\n").utf8), to: STDERR_FILENO)
    }

    /// Bytes as they are, for example a rendered document.
    static func bytes(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// A table: columns padded for people and made to fit the terminal, or with `json` one object per row with the column names as keys.
    static func table(_ columns: [String], _ rows: [[String]], json: Bool) {
        if json {
            for row in rows {
                var object = Object()
                for (column, cell) in zip(columns, row) { object[column] = .string(cell) }
                Output.json(.object(object))
            }
            return
        }
        for line in TextTable(columns, rows).lines(width: Terminal.size?.columns) { Output.line(line) }
    }
}

/// `--json`, on every command that prints a table.
struct JSONOption: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print JSON Lines instead of a table.")
    var json = false
}

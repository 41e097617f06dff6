import Glibc

/// The terminal that standard output is, if it is one.
enum Terminal {
    static var isThere: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Columns and rows; nil where output goes to a file or a pipe, or the terminal does not say.
    static var size: (columns: Int, rows: Int)? {
        var size = winsize()
        guard isThere, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return nil
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Has a picture drawn again and again on a page of its own, and gives back the terminal as it was (ECMA-48, and the private
    /// modes 25 and 1049 of xterm).
    ///
    /// - Parameter isWanted: Else nothing is done but `body`.
    static func holdPage<Result>(if isWanted: Bool, _ body: () async throws -> Result) async rethrows -> Result {
        guard isWanted else { return try await body() }
        Output.text("\u{1B}[?1049h\u{1B}[?25l")
        defer { Output.text("\u{1B}[?25h\u{1B}[?1049l") }
        return try await body()
    }

    /// Puts lines in place of what the page shows.
    static func show(_ lines: [String]) {
        Output.text("\u{1B}[H" + lines.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J")
    }
}

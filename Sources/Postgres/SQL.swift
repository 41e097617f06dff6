/// A statement and its binds, written as an interpolated string.
///
/// Every interpolated value becomes a bind (`$1`, `$2`, …) and can never be read as SQL:
///
///     let rows = try connection.query("SELECT name FROM partner WHERE id = \(id)")
///
/// - `\(value)`: a bind, of any ``SQLBindable`` type; a cast in the text (`\(state)::queue.state`) reaches other types.
/// - `\(fragment)`: another ``SQL``, pasted with its binds renumbered.
/// - `\(raw: "…")`: a literal of the source code, pasted as it is.
/// - `\(identifier: name)`: a quoted identifier.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
    /// The statement as the server sees it, with `$n` where values stood.
    package private(set) var text: String

    /// The values, encoded.
    private(set) var binds: Binds

    /// Where each `$n` stands in `text`, in UTF-8 code units, so that a fragment can be renumbered.
    private var placeholders: [Int]

    package init(stringLiteral value: String) {
        text = value
        binds = Binds()
        placeholders = []
    }

    package init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.sql
    }

    /// A statement made at run time, without binds. The caller vouches for every part of it.
    package init(trusting text: String) {
        self.init(stringLiteral: text)
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var sql: SQL = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql.text.reserveCapacity(literalCapacity + 3 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) {
            sql.text += literal
        }

        package mutating func appendInterpolation(_ value: some SQLBindable) {
            sql.binds.append(value)
            appendPlaceholder(sql.binds.count)
        }

        package mutating func appendInterpolation(_ fragment: SQL) {
            let base = sql.binds.count
            sql.binds.append(fragment.binds)
            var start = fragment.text.utf8.startIndex
            for (number, offset) in fragment.placeholders.enumerated() {
                let at = fragment.text.utf8.index(fragment.text.utf8.startIndex, offsetBy: offset)
                sql.text += fragment.text[start..<at]
                appendPlaceholder(base + number + 1)
                start = fragment.text.utf8.index(at, offsetBy: 1 + String(number + 1).utf8.count)
            }
            sql.text += fragment.text[start...]
        }

        package mutating func appendInterpolation(raw: StaticString) {
            sql.text += raw.description
        }

        package mutating func appendInterpolation(identifier: String) {
            let parts = identifier.split(separator: "\"", omittingEmptySubsequences: false)
            sql.text += "\"" + parts.joined(separator: "\"\"") + "\""
        }

        private mutating func appendPlaceholder(_ number: Int) {
            sql.placeholders.append(sql.text.utf8.count)
            sql.text += "$"
            sql.text += String(number)
        }
    }
}

/// A role of the database server that statements run as, taken on with `SET ROLE` by the role that logs in.
///
/// Those that a program uses are static members, beside the migration that makes them.
package struct DatabaseRole: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        // `SET ROLE none` is the way back to the role that logs in, which owns everything.
        precondition(!rawValue.isEmpty && rawValue.lowercased() != "none", "no role has this name")
        self.rawValue = rawValue
    }

    package var description: String { rawValue }
}

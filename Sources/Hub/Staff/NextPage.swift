import Channels
import Console

/// A page of the console that somebody wanted to see, and comes to once signed in. Nothing but such a page is ever gone to, and no
/// other site. To open one changes nothing but the ledger, which may say who looked.
struct NextPage: Sendable, Equatable {
    private static let longest = 500

    /// From the root, with its query.
    let path: String

    /// - Parameter path: As the browser sent it; nil where it is no page of the console, or the first one, to which one comes anyway.
    init?(_ path: String?) {
        guard let path, path.utf8.count <= Self.longest, !path.contains("//"),
            ["/", "?"].contains(where: { path.hasPrefix(Console.path + $0) }),
            ![Console.feedPath, Console.scriptPath, Console.stylePath].contains(where: path.hasPrefix)
        else { return nil }
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0].utf8.allSatisfy({ Self.isPlain($0) || $0 == UInt8(ascii: "/") }), !parts[0].contains(".."),
            parts.dropFirst().allSatisfy({ $0.utf8.allSatisfy { Self.isPlain($0) || "=&%+".utf8.contains($0) } })
        else { return nil }
        self.path = path
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }

    /// Where one signs in first.
    var signInPath: String { Self.address(StaffRoutes.signInPath, self) }

    /// A page of signing in, with the page that comes after it.
    static func address(_ path: String, _ next: NextPage?) -> String {
        next.map { "\(path)?next=\(OpenIDProvider.encoded($0.path))" } ?? path
    }
}

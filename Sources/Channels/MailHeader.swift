import FoundationEssentials

/// The header of an e-mail (RFC 5322, 2.2), as far as a machine that answers must know it. Never fails: what is no header
/// has no fields.
package struct MailHeader: Sendable {
    /// Name in lower case, value with its folding undone.
    private let fields: [(name: String, value: String)]

    /// Reads the lines up to the first empty one, at most 256 KiB and 1000 fields.
    package init(_ bytes: [UInt8]) {
        var fields: [(name: String, value: String)] = []
        var rest = bytes.prefix(256 << 10)
        while !rest.isEmpty, fields.count < 1000 {
            let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
            var line = rest[..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            if line.last == 0x0D { line = line.dropLast() }
            guard let first = line.first else { break }
            let text = String(decoding: line, as: UTF8.self)
            if first == 0x20 || first == 0x09 {
                if let last = fields.indices.last { fields[last].value += " " + Self.trimmed(text) }
            } else if let colon = text.firstIndex(of: ":") {
                fields.append(
                    (
                        Self.trimmed(String(text[..<colon])).lowercased(),
                        Self.trimmed(String(text[text.index(after: colon)...]))
                    ))
            }
        }
        self.fields = fields
    }

    /// The values of all fields of a name.
    package subscript(_ name: String) -> [String] {
        fields.filter { $0.name == name.lowercased() }.map(\.value)
    }

    /// The one address to which an answer goes: the return path where the mail server noted it, else the author's
    /// (RFC 3834, section 4). Nil when there is none, or more than one, or it is no plain address.
    package var returnAddress: String? {
        if let path = self["Return-Path"].first { return Self.address(path) }
        let authors = self["From"]
        return authors.count == 1 ? Self.address(authors[0]) : nil
    }

    /// Why a machine must not answer this mail, as a code word; nil when it may (RFC 3834, section 2; RFC 2369).
    package var reasonNotToAnswer: String? {
        if self["Return-Path"].contains("<>") { return "null_return_path" }
        if self["Auto-Submitted"].contains(where: { !$0.lowercased().hasPrefix("no") }) { return "auto_submitted" }
        let bulk: Set = ["bulk", "junk", "list", "auto_reply", "auto-reply"]
        if self["Precedence"].contains(where: { bulk.contains($0.lowercased()) }) { return "precedence" }
        if ["List-Id", "List-Unsubscribe", "List-Post"].contains(where: { !self[$0].isEmpty }) {
            return "mailing_list"
        }
        if !self["X-Auto-Response-Suppress"].isEmpty || !self["X-Autoreply"].isEmpty { return "auto_submitted" }
        if self["Content-Type"].contains(where: { $0.lowercased().hasPrefix("multipart/report") }) { return "report" }
        guard let address = returnAddress else { return "no_address" }
        let name = address.prefix { $0 != "@" }.lowercased().filter { $0.isLetter }
        let machines = ["mailerdaemon", "postmaster", "noreply", "donotreply", "bounce", "bounces"]
        return machines.contains(where: name.hasPrefix) ? "machine" : nil
    }

    /// The mail's own id, if it is one that may be repeated in a header of ours.
    package var messageID: String? {
        guard let id = self["Message-ID"].first, id.utf8.count <= 250, id.hasPrefix("<"), id.hasSuffix(">"),
            id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return id
    }

    /// The address in `Name <local@domain>` or in `local@domain`, if it is made of what addresses are made of everywhere.
    static func address(_ text: String) -> String? {
        var text = unquoted(text)
        if let open = text.firstIndex(of: "<") {
            guard text.last == ">", text.filter({ "<>".contains($0) }).count == 2 else { return nil }
            text = String(text[text.index(after: open)...].dropLast())
        }
        text = trimmed(text)
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 254, (1...64).contains(parts[0].utf8.count) else { return nil }
        let isPlain = { (part: Substring, others: String) in
            !part.isEmpty && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || others.contains($0)) }
        }
        guard isPlain(parts[0], "!#$%&'*+-/=?^_`{|}~."), isPlain(parts[1], "-."), parts[1].contains("."),
            !parts[1].hasPrefix("."), !parts[1].hasSuffix(".")
        else { return nil }
        return text
    }

    /// A text without its quoted strings, in which anything may stand.
    private static func unquoted(_ text: String) -> String {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset.isMultiple(of: 2) }.map { String($0.element) }.joined()
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" || character == "\r" }
        return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}

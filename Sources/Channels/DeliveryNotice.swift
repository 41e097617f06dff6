/// What a mail server reports about a mail of ours: a delivery status notification (RFC 3464).
///
/// It is a hint for a person, and proof of transport at most: whoever knows the id of a mail can write one. It is correlated
/// with what was sent by the ids alone; nobody's address is taken out of it.
package struct DeliveryNotice: Sendable, Hashable {
    /// What became of the mail for one mailbox (RFC 3464, 2.3.3).
    package enum Action: String, Sendable, CaseIterable {
        /// It could not be delivered, and will not be.
        case failed
        /// It could not be delivered yet.
        case delayed
        /// It is in the mailbox, or with a list or program behind it.
        case delivered
        /// It is with a server that sends no such notices.
        case relayed
        /// It was delivered to an address that stands for several.
        case expanded
    }

    /// The report on one mailbox.
    package struct Report: Sendable, Hashable {
        package var action: Action
        /// Class, subject and detail, such as `5.1.1` (RFC 3463); nil when it is missing or is none.
        package var status: String?
    }

    /// The `Message-ID` of the mail that the notice is about, without its brackets, where its header came back with it.
    package var messageID: String?
    /// The id under which the envelope was handed over (RFC 3461, 4.4), where there was one.
    package var envelopeID: String?
    /// One for each mailbox, in the notice's order; at least one.
    package var reports: [Report]

    /// Reads a mail. Nil when it is no such notice, reports on nobody, or names no mail. Never fails otherwise, whatever it is
    /// given, and reads it once from beginning to end; of more than 100 mailboxes the first 100 count.
    package init?(_ mail: [UInt8]) {
        let (header, body) = Self.split(mail[...])
        guard let type = ContentType(header), type.name == "multipart/report",
            type["report-type"]?.lowercased() == "delivery-status", let boundary = type["boundary"],
            (1...70).contains(boundary.utf8.count)
        else { return nil }
        reports = []
        for part in Self.parts(body, boundary: Array("--\(boundary)".utf8)) {
            let (header, body) = Self.split(part)
            switch ContentType(header)?.name {
            case "message/delivery-status", "message/global-delivery-status":
                for group in Self.groups(body) where reports.count < 100 { read(MailHeader(Array(group))) }
            case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
                if messageID == nil { messageID = MailHeader(Array(body.prefix(256 << 10))).messageID.map(Self.bare) }
            default: break
            }
        }
        if reports.isEmpty || (messageID == nil && envelopeID == nil) { return nil }
    }

    /// Takes what counts out of a group of fields: the one about the mail, or one about a mailbox.
    private mutating func read(_ fields: MailHeader) {
        if envelopeID == nil, let id = fields["Original-Envelope-Id"].first, (1...100).contains(id.utf8.count),
            id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        {
            envelopeID = id
        }
        guard let word = fields["Action"].first.map(Self.uncommented), let action = Action(rawValue: word.lowercased())
        else { return }
        reports.append(Report(action: action, status: fields["Status"].first.flatMap(Self.status)))
    }

    /// A code of RFC 3463, without the comment that may follow it.
    private static func status(_ text: String) -> String? {
        let text = uncommented(text)
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, ["2", "4", "5"].contains(parts[0]),
            parts.allSatisfy({ (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        return text
    }

    private static func uncommented(_ text: String) -> String {
        String(text.prefix { $0 != " " && $0 != "(" && $0 != "\t" && $0 != ";" })
    }

    private static func bare(_ id: String) -> String { String(id.dropFirst().dropLast()) }

    // MARK: MIME

    /// A media type with its parameters (RFC 2045, 5.1).
    private struct ContentType {
        /// Type and subtype, in lower case.
        let name: String
        private var parameters: [(name: String, value: String)] = []

        /// Nil when the field is missing. Left out at the end is what is no parameter.
        init?(_ header: ArraySlice<UInt8>) {
            guard let text = MailHeader(Array(header.prefix(256 << 10)))["Content-Type"].first else { return nil }
            var rest = text.utf8[...]
            name = Self.text(Self.take(&rest) { $0 != UInt8(ascii: ";") }).lowercased()
            while rest.popFirst() != nil, parameters.count < 20 {
                let key = Self.text(Self.take(&rest) { $0 != UInt8(ascii: "=") }).lowercased()
                guard rest.popFirst() != nil else { break }
                if rest.first == UInt8(ascii: "\"") {
                    rest.removeFirst()
                    let value = Self.take(&rest) { $0 != UInt8(ascii: "\"") }
                    parameters.append((key, String(decoding: value, as: UTF8.self)))
                    _ = Self.take(&rest) { $0 != UInt8(ascii: ";") }
                } else {
                    parameters.append((key, Self.text(Self.take(&rest) { $0 != UInt8(ascii: ";") })))
                }
            }
        }

        subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

        private static func take(
            _ rest: inout Substring.UTF8View, while isTaken: (UInt8) -> Bool
        ) -> Substring.UTF8View {
            let taken = rest.prefix(while: isTaken)
            rest = rest[taken.endIndex...]
            return taken
        }

        private static func text(_ bytes: Substring.UTF8View) -> String {
            let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
            return String(
                decoding: bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed(), as: UTF8.self)
        }
    }

    /// Header and body: the lines before the first empty one, and those after it.
    private static func split(_ entity: ArraySlice<UInt8>) -> (header: ArraySlice<UInt8>, body: ArraySlice<UInt8>) {
        var rest = entity
        while !rest.isEmpty {
            let start = rest.startIndex
            if line(&rest).isEmpty { return (entity[..<start], rest) }
        }
        return (entity, entity[entity.endIndex...])
    }

    /// What stands between the lines of a boundary (RFC 2046, 5.1.1). The last part may lack its end.
    private static func parts(_ body: ArraySlice<UInt8>, boundary: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var rest = body
        var begun: Int?
        while !rest.isEmpty, parts.count < 20 {
            let start = rest.startIndex
            let line = line(&rest)
            guard line.starts(with: boundary) else { continue }
            let end = line.dropFirst(boundary.count)
            guard end.allSatisfy({ [0x20, 0x09, 0x2D].contains($0) }) else { continue }
            if let begun { parts.append(body[begun..<start]) }
            if end.starts(with: "--".utf8) { return parts }
            begun = rest.startIndex
        }
        if let begun, parts.count < 20 { parts.append(body[begun...]) }
        return parts
    }

    /// The groups of fields that empty lines part.
    private static func groups(_ body: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var groups: [ArraySlice<UInt8>] = []
        var rest = body
        var start = rest.startIndex
        while !rest.isEmpty, groups.count < 101 {
            let end = rest.startIndex
            if line(&rest).isEmpty {
                if start < end { groups.append(body[start..<end]) }
                start = rest.startIndex
            }
        }
        if start < rest.startIndex { groups.append(body[start..<rest.startIndex]) }
        return groups
    }

    /// Takes a line, without its end.
    private static func line(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
        let line = rest[..<end]
        rest = rest[min(end + 1, rest.endIndex)...]
        return line.last == 0x0D ? line.dropLast() : line
    }
}

package import Referral

/// Which messages a list shows: ids, states, days and code words, so that it may stand in an address.
package struct MessageFilter: Sendable, Hashable {
    /// A partner's id.
    package var sender: String?
    package var channel: String?
    package var state: String?
    /// The code of something that was found wrong.
    package var cause: String?
    /// Came on that day or later, by London's calendar.
    package var from: CalendarDate?
    /// Came on that day or earlier.
    package var to: CalendarDate?
    package var hasOpenWork = false

    package init() {}

    /// What may be chosen, as it stands in an address and as people say it.
    package struct Choices: Sendable {
        package typealias Choice = (value: String, label: String)

        package var senders: [Choice]
        package var channels: [Choice]
        package var states: [Choice]
        package var causes: [Choice]

        package init(senders: [Choice], channels: [Choice], states: [Choice], causes: [Choice]) {
            self.senders = senders
            self.channels = channels
            self.states = states
            self.causes = causes
        }
    }

    /// What an address asks for.
    package struct Reading: Sendable {
        package var filter = MessageFilter()
        /// By the field at which it is; nothing where the filter is as asked for.
        package var mistakes: [Mistake] = []
        /// What stands in the fields, be it right or wrong.
        var typed: [String: String] = [:]
    }

    package struct Mistake: Sendable, Hashable {
        package var field: String
        package var text: String

        package init(_ field: String, _ text: String) {
            self.field = field
            self.text = text
        }
    }

    /// Reads the part of an address after the `?`; what is not of the filter is left alone.
    package static func read(_ parameters: [String: String], _ choices: Choices) -> Reading {
        var reading = Reading()
        func text(_ name: String) -> String? {
            guard let text = parameters[name], !text.isEmpty else { return nil }
            // As much as a field shows.
            reading.typed[name] = String(text.prefix(100))
            return text
        }
        func choice(_ name: String, of offered: [Choices.Choice], _ mistake: String) -> String? {
            guard let text = text(name) else { return nil }
            if offered.contains(where: { $0.value == text }) { return text }
            reading.mistakes.append(Mistake(name, mistake))
            return nil
        }
        func day(_ name: String) -> CalendarDate? {
            guard let text = text(name) else { return nil }
            if let day = CalendarDate(iso: text) { return day }
            reading.mistakes.append(Mistake(name, "Give a day as year, month and day, such as 2026-11-30"))
            return nil
        }
        reading.filter.sender = choice("sender", of: choices.senders, "Nobody who may send is called that")
        reading.filter.channel = choice("channel", of: choices.channels, "Nothing comes by that channel")
        reading.filter.state = choice("state", of: choices.states, "No message can be in that state")
        reading.filter.cause = choice("cause", of: choices.causes, "Nothing is ever found wrong under that code")
        reading.filter.from = day("from")
        reading.filter.to = day("to")
        if let from = reading.filter.from, let to = reading.filter.to, from > to {
            reading.mistakes.append(Mistake("to", "The last day is before the first"))
        }
        if let work = text("work") {
            if work == "open" {
                reading.filter.hasOpenWork = true
            } else {
                reading.mistakes.append(Mistake("work", "Choose the messages with open work, or leave it out"))
            }
        }
        return reading
    }

    /// The filter as the part of an address after the `?`; empty where it leaves nothing out. Equal filters are written equally.
    package var query: String {
        let fields = [
            ("sender", sender), ("channel", channel), ("state", state), ("cause", cause), ("from", from?.iso),
            ("to", to?.iso),
            ("work", hasOpenWork ? "open" : nil),
        ]
        return fields.compactMap { name, value in value.map { "\(name)=\(Self.escaped($0))" } }.joined(separator: "&")
    }

    /// The address of what a page of messages is of.
    package func address(_ path: String, _ more: String? = nil) -> String {
        let parts = [query, more ?? ""].filter { !$0.isEmpty }
        return parts.isEmpty ? path : "\(path)?\(parts.joined(separator: "&"))"
    }

    private static func escaped(_ value: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in value.utf8 {
            switch byte {
            // Unreserved characters (RFC 3986 section 2.3).
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: text.append(byte)
            default: text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

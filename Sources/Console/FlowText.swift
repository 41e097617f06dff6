package import Referral

extension FlowPicture {
    /// The picture as lines for a terminal: what needs a person, then senders, queues and partners. No line is longer than the
    /// terminal is wide; where there are more lines than rows, the last says how many are left out.
    ///
    /// - Parameters:
    ///   - width: Columns of the terminal.
    ///   - rows: Lines of the terminal; nil where there is no end.
    package func text(width: Int, rows: Int? = nil) -> [String] {
        var lines = ["\(headline)  \(Moment(at, now: at).clock)", ""]
        for need in urgentNeeds {
            let age = need.since.map { ", the oldest waits for \(Self.age(since: $0, at: at).spoken)" } ?? ""
            lines.append("\(need.urgency.words): \(need.count.grouped) \(need.text)\(age)")
        }
        if urgentNeeds.isEmpty { lines.append("Nothing waits for anybody.") }
        lines += Self.table(
            ["WHO SENDS", "A MINUTE", "LAST HOUR", "LAST"],
            senders.map { sender in
                [
                    sender.name, sender.perMinute.rate, sender.lastHour.grouped,
                    sender.lastAt.map { String(Moment($0, now: at).short.dropLast(3)) } ?? "",
                ]
            }, width: width)
        for (title, stations) in [("WHAT WAITS HERE", stages), ("WHO IS TOLD", partners)] {
            lines += Self.table(
                [title, "A MINUTE", "WAITING", "IN HAND", "LATER", "DEAD", "OLDEST", "STATE"],
                stations.map { station in
                    [
                        station.name, station.perMinute.rate, station.ready.grouped, station.inHand.grouped,
                        station.delayed.grouped, station.dead.grouped, station.oldest?.spoken ?? "",
                        "\(station.state.sign) \(station.state.words)\(station.pause.map { ": \($0.reason)" } ?? "")",
                    ]
                }, width: width)
        }
        if let rows, lines.count > rows, rows > 1 {
            lines =
                lines.prefix(rows - 1) + ["… \((lines.count - rows + 1).grouped) more lines: make the terminal taller"]
        }
        return lines.map { Self.cut($0, to: width) }
    }

    /// A blank line, and columns of which all but the first and the last stand to the right. The first gives way where the
    /// terminal is narrow.
    private static func table(_ columns: [String], _ rows: [[String]], width: Int) -> [String] {
        guard !rows.isEmpty else { return [] }
        let widths = columns.indices.map { index in (rows + [columns]).map { $0[index].count }.max() ?? 0 }
        let others = widths.dropFirst().reduce(0) { $0 + $1 + 2 }
        let first = min(widths[0], max(12, width - others))
        return [""]
            + ([columns] + rows).map { row in
                let cells = row.indices.map { index in
                    if index == 0 { return pad(cut(row[0], to: first), to: first) }
                    if index == row.count - 1 { return row[index] }
                    return String(repeating: " ", count: widths[index] - row[index].count) + row[index]
                }
                return cells.joined(separator: "  ")
            }
    }

    private static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Without what a terminal would take for something to do.
    private static func cut(_ text: String, to width: Int) -> String {
        let plain = String(
            text.map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "·" : $0 })
        return plain.count <= width ? plain : plain.prefix(max(0, width - 1)) + "…"
    }

    private static func age(since: Instant, at now: Instant) -> Duration {
        .microseconds(max(0, now.microseconds - since.microseconds))
    }
}

extension FlowPicture {
    /// The picture as an object, with the same words.
    package var value: Value {
        [
            "at": .string(at.rfc3339), "headline": .string(headline),
            "needs": .array(
                urgentNeeds.map { need in
                    [
                        "urgency": .string(need.urgency.words), "text": .string(need.text),
                        "count": .number("\(need.count)"),
                        "since": need.since.map { .string($0.rfc3339) } ?? .null,
                    ]
                }),
            "senders": .array(
                senders.map { sender in
                    [
                        "name": .string(sender.name), "per_minute": .number("\(sender.perMinute)"),
                        "last_hour": .number("\(sender.lastHour)"),
                        "last_at": sender.lastAt.map { .string($0.rfc3339) } ?? .null,
                    ]
                }),
            "queues": .array(stages.map(\.value)), "partners": .array(partners.map(\.value)),
        ]
    }
}

extension FlowPicture.Station {
    fileprivate var value: Value {
        [
            "name": .string(name), "state": .string(state.words), "per_minute": .number("\(perMinute)"),
            "waiting": .number("\(ready)"), "in_hand": .number("\(inHand)"), "for_later": .number("\(delayed)"),
            "dead_letters": .number("\(dead)"),
            "oldest_seconds": oldest.map { .number("\($0.components.seconds)") } ?? .null,
            "paused": pause.map { .string($0.reason) } ?? .null,
        ]
    }
}

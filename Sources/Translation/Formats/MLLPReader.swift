/// Reads the frames of one connection as its bytes come in, in whatever pieces. Pure.
///
/// A frame ends with FS CR and with nothing else, so that what was cut off is never taken for a message. Bytes between
/// frames are skipped. VT stands inside notes that were pasted from word processors, and so begins a new frame only
/// before `MSH`: then the sender gave up the frame before.
package struct MLLPReader: Sendable {
    /// What came in, in its order.
    package enum Event: Sendable, Equatable {
        /// A whole frame's content.
        case message([UInt8])
        /// The first bytes of a frame that is longer than the limit. The rest was not kept.
        case tooLong([UInt8])
        /// A frame that its sender broke off and began anew.
        case brokenOff
        /// Bytes that belong to no frame; told once for each stretch of them.
        case noise
    }

    /// Of a frame that is too long so much is kept: enough for its header.
    package static let keptOfTooLong = 4096
    /// Noise beyond this comes from something that does not speak the protocol.
    package static let longestNoise = 4096
    /// A frame of so many times the limit is not waited for any longer.
    package static let patience = 4

    private enum Place: Sendable {
        case outside(noise: Int)
        /// In a frame; `skipped` bytes of one that is too long were not kept.
        case inside(skipped: Int)
    }

    private let limit: Int
    private var place = Place.outside(noise: 0)
    private var content: [UInt8] = []
    /// Whether the last byte was FS, so that CR would end the frame.
    private var isEnding = false

    /// - Parameter limit: The longest content that is taken, in bytes.
    package init(limit: Int) {
        precondition(limit >= Self.keptOfTooLong, "a message's header must fit into the limit")
        self.limit = limit
    }

    /// Whether a frame has begun and not ended.
    package var isInside: Bool {
        if case .inside = place { true } else { false }
    }

    /// Bytes that are kept of a frame that has not ended.
    package var kept: Int { content.count }

    /// Whether the other side sends what will never be a message: no more of it should be read.
    package var isHopeless: Bool {
        switch place {
        case .outside(let noise): noise > Self.longestNoise
        case .inside(let skipped): skipped > limit * (Self.patience - 1)
        }
    }

    /// The first bytes of the frame that has not ended, for an answer to it.
    package var beginning: [UInt8] { Array(content.prefix(Self.keptOfTooLong)) }

    /// Takes in what came.
    package mutating func read(_ bytes: [UInt8]) -> [Event] {
        var events: [Event] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            switch place {
            case .outside(let noise): skip(&rest, noise, &events)
            case .inside(let skipped): take(&rest, skipped, &events)
            }
        }
        return events
    }

    /// Goes on to the start of a frame.
    private mutating func skip(_ rest: inout ArraySlice<UInt8>, _ noise: Int, _ events: inout [Event]) {
        let before = rest.prefix { $0 != MLLP.start }
        let heard = before.count { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        if heard > 0, noise == 0 { events.append(.noise) }
        rest = rest.dropFirst(before.count)
        if rest.isEmpty {
            place = .outside(noise: noise + heard)
        } else {
            rest = rest.dropFirst()
            place = .inside(skipped: 0)
        }
    }

    /// Goes on to the end of the frame.
    private mutating func take(_ rest: inout ArraySlice<UInt8>, _ skipped: Int, _ events: inout [Event]) {
        if isEnding {
            isEnding = false
            if rest.first == UInt8(ascii: "\r") {
                rest = rest.dropFirst()
                close(skipped, &events)
                return
            }
            keep([MLLP.end])
        }
        // `keep` may have begun to skip.
        let part = rest.prefix { $0 != MLLP.end }
        keep(part)
        rest = rest.dropFirst(part.count)
        if !rest.isEmpty {
            isEnding = true
            rest = rest.dropFirst()
        }
    }

    private mutating func keep(_ part: ArraySlice<UInt8>) {
        guard case .inside(let skipped) = place else { return }
        if skipped > 0 || content.count + part.count > limit {
            place = .inside(skipped: skipped + part.count + max(0, content.count - Self.keptOfTooLong))
            content = Array((content + (skipped == 0 ? part : [])).prefix(Self.keptOfTooLong))
        } else {
            content.append(contentsOf: part)
        }
    }

    private mutating func close(_ skipped: Int, _ events: inout [Event]) {
        defer {
            content = []
            place = .outside(noise: 0)
        }
        guard skipped == 0 else { return events.append(.tooLong(content)) }
        guard let restart = lastRestart else { return events.append(.message(content)) }
        events.append(.brokenOff)
        events.append(.message(Array(content[(restart + 1)...])))
    }

    /// Where, in a frame that ended, a newer one begins.
    private var lastRestart: Int? {
        guard content.contains(MLLP.start) else { return nil }
        return content.indices.last { content[$0] == MLLP.start && content[($0 + 1)...].starts(with: "MSH".utf8) }
    }
}

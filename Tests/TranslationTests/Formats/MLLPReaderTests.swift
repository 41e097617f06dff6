import TestSupport
import Testing
import Translation

@Suite struct MLLPReaderTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func frame(_ text: String) -> [UInt8] { MLLP.frame(bytes(text)) }

    @Test func `a frame's content is a message`() {
        var reader = MLLPReader(limit: 10_000)
        #expect(reader.read(frame("MSH|a")) == [.message(bytes("MSH|a"))])
        #expect(!reader.isInside && reader.kept == 0)
        #expect(reader.read(frame("")) == [.message([])])
    }

    @Test func `frames come in whatever pieces, and never before their end`() {
        let stream = bytes("\r\n") + frame("MSH|1\rPID|\u{1C}x\r") + frame("MSH|2") + bytes("\n") + frame("MSH|3")
        let whole = [bytes("MSH|1\rPID|\u{1C}x\r"), bytes("MSH|2"), bytes("MSH|3")].map(MLLPReader.Event.message)
        for length in 1...stream.count {
            var reader = MLLPReader(limit: 10_000)
            var events: [MLLPReader.Event] = []
            for start in Swift.stride(from: 0, to: stream.count, by: length) {
                events += reader.read(Array(stream[start..<min(start + length, stream.count)]))
            }
            #expect(events == whole, "in pieces of \(length)")
        }
        for cut in stream.indices {
            var reader = MLLPReader(limit: 10_000)
            let events = reader.read(Array(stream[..<cut]))
            #expect(events == Array(whole.prefix(events.count)) && events.count < 3)
        }
    }

    @Test func `FS alone ends nothing`() {
        var reader = MLLPReader(limit: 10_000)
        #expect(reader.read([0x0B] + bytes("MSH|a") + [0x1C]).isEmpty)
        #expect(reader.isInside)
        #expect(reader.read([0x1C, 0x0D]) == [.message(bytes("MSH|a") + [0x1C])])
    }

    @Test func `noise before a frame is told once and skipped`() {
        var reader = MLLPReader(limit: 10_000)
        #expect(reader.read(bytes("GET /")) == [.noise])
        #expect(reader.read(bytes(" HTTP/1.1\r\n")) == [])
        #expect(reader.read(frame("MSH|a") + bytes("\r\n") + frame("MSH|b")).count == 2)
        #expect(reader.read(bytes("x")) == [.noise])
        #expect(!reader.isHopeless)
        _ = reader.read(Array(repeating: 0, count: MLLPReader.longestNoise))
        #expect(reader.isHopeless)
    }

    @Test func `a frame that begins anew is broken off, a vertical tab in a note is not`() {
        var reader = MLLPReader(limit: 10_000)
        let events = reader.read([0x0B] + bytes("MSH|one\rPID|half") + frame("MSH|two"))
        #expect(events == [.brokenOff, .message(bytes("MSH|two"))])
        #expect(reader.read(frame("MSH|a\rNTE|b\u{0B}c")) == [.message(bytes("MSH|a\rNTE|b\u{0B}c"))])
    }

    @Test(arguments: [1, 100, 10_000, 60_000]) func `a frame that is too long is dropped, whatever its pieces`(
        length: Int
    ) {
        var reader = MLLPReader(limit: 5_000)
        let long = "MSH|long" + String(repeating: "x", count: 11_000)
        let stream = frame(long) + frame("MSH|short")
        var events: [MLLPReader.Event] = []
        var most = 0
        for start in Swift.stride(from: 0, to: stream.count, by: length) {
            events += reader.read(Array(stream[start..<min(start + length, stream.count)]))
            most = max(most, reader.kept)
        }
        let kept = Array(long.utf8.prefix(MLLPReader.keptOfTooLong))
        #expect(events == [.tooLong(kept), .message(bytes("MSH|short"))])
        #expect(most <= 5_000)
    }

    @Test func `a frame without end is given up`() {
        var reader = MLLPReader(limit: 5_000)
        var count = 0
        #expect(reader.read([0x0B] + bytes("MSH|endless")) == [])
        while !reader.isHopeless, count < 100 {
            _ = reader.read(Array(repeating: 0x20, count: 1_000))
            count += 1
        }
        #expect((15...25).contains(count))
        #expect(reader.kept <= 5_000 && reader.beginning.starts(with: bytes("MSH|endless")))
    }

    @Test func `any bytes at all do no harm`() {
        var random = SystemRandomNumberGenerator()
        let alphabet: [UInt8] = [0x0B, 0x1C, 0x0D, 0x0A, 0x4D, 0x53, 0x48, 0x7C, 0x00, 0xFF]
        for _ in 0..<150 {
            var reader = MLLPReader(limit: 4_096)
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let piece = (0..<Int.random(in: 0...900, using: &random)).map { _ in
                    alphabet.randomElement(using: &random) ?? 0
                }
                for case .message(let content) in reader.read(piece) { #expect(content.count <= 4_096) }
                #expect(reader.kept <= 4_096)
            }
        }
    }
}

import CCurl
import Synchronization

/// A handle of libcurl: options, and calls one after the other over a connection that is kept between them. Synchronous: it
/// waits on the calling thread.
///
/// Never on two threads at once; whoever has it hands it on whole.
final class CurlHandle {
    /// Tells a call that waits that it is to give up.
    final class Cancellation: Sendable {
        private let flag = Atomic<Bool>(false)

        var isCancelled: Bool { flag.load(ordering: .relaxed) }

        func cancel() { flag.store(true, ordering: .relaxed) }
    }

    /// An option and its value, of one of the types that libcurl takes.
    enum Setting {
        case number(CURLoption, Int)
        /// libcurl keeps a copy; nil is its own default.
        case text(CURLoption, String?)
        /// Must outlive the calls, and be taken away after them.
        case list(CURLoption, UnsafeMutablePointer<curl_slist>?)
    }

    /// How a call ended and what came of it.
    struct Answer {
        var code: CURLcode
        var bytes: [UInt8]
        /// More than the limit came; `bytes` are not all of it, and `code` is a failure for this alone.
        var isTooLong: Bool
    }

    /// Of the call that runs, or of the next.
    var cancellation = Cancellation()
    private let handle: UnsafeMutableRawPointer
    private var remarks: Remarks?

    /// Nil when libcurl cannot be used.
    init?() {
        guard Self.isStarted, let handle = curl_easy_init() else { return nil }
        self.handle = handle
    }

    deinit { curl_easy_cleanup(handle) }

    private static let isStarted = hub_curl_start() == CURLE_OK

    /// Sets options for all calls to come, up to the first that this libcurl does not take.
    func set(_ settings: [Setting]) -> CURLcode {
        for setting in settings {
            let code =
                switch setting {
                case .number(let option, let value): hub_curl_set_long(handle, option, value)
                case .text(let option, let value): hub_curl_set_text(handle, option, value)
                case .list(let option, let value): hub_curl_set_list(handle, option, value)
                }
            if code != CURLE_OK { return code }
        }
        return CURLE_OK
    }

    /// Has libcurl's remarks of this beginning kept: its own words on what it does, where a code does not tell enough.
    func keepRemarks(_ beginning: String) -> CURLcode {
        let remarks = Remarks(beginning: beginning)
        self.remarks = remarks
        return hub_curl_set_remarks(
            handle,
            { _, kind, bytes, size, context in
                guard kind == CURLINFO_TEXT, let bytes, let context else { return 0 }
                let remarks = Unmanaged<Remarks>.fromOpaque(context).takeUnretainedValue()
                remarks.hear(String(decoding: UnsafeRawBufferPointer(start: bytes, count: size), as: UTF8.self))
                return 0
            }, Unmanaged.passUnretained(remarks).toOpaque())
    }

    /// The last remark of the last call of those that are kept; empty when there was none.
    var remark: String { remarks?.last ?? "" }

    /// The last code that the server answered with, 0 when it did not.
    var answerCode: Int { hub_curl_answer_code(handle) }

    /// Runs a call, and takes what comes.
    ///
    /// - Parameters:
    ///   - limit: Bytes that are taken at most; past it the call fails.
    ///   - isHeader: What is taken is what libcurl gives out as a header, such as answers to commands over SFTP; the rest is
    ///     let go.
    func perform(taking limit: Int, isHeader: Bool = false) -> Answer {
        let sink = Sink(limit: limit)
        let take: hub_curl_transfer = { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let sink = Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
            return sink.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        return withExtendedLifetime(sink) {
            let context = Unmanaged.passUnretained(sink).toOpaque()
            var code =
                isHeader
                ? hub_curl_set_header_writer(handle, take, context) : hub_curl_set_writer(handle, take, context)
            if code == CURLE_OK { code = perform() }
            letGo()
            return Answer(code: code, bytes: sink.bytes, isTooLong: sink.isTooLong)
        }
    }

    /// Runs a call that sends bytes, and says whether all of them were asked for and the end was told.
    func perform(giving bytes: [UInt8]) -> (code: CURLcode, isOver: Bool) {
        let source = Source(bytes)
        return withExtendedLifetime(source) {
            let give: hub_curl_transfer = { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let source = Unmanaged<Source>.fromOpaque(context).takeUnretainedValue()
                return source.give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            }
            letGo()
            var code = hub_curl_set_reader(handle, give, Unmanaged.passUnretained(source).toOpaque())
            if code == CURLE_OK { code = perform() }
            return (code, source.isOver)
        }
    }

    /// What comes is let go from here on. Left alone, libcurl would write it to the standard output.
    private func letGo() {
        let drop: hub_curl_transfer = { _, size, count, _ in size * count }
        _ = hub_curl_set_writer(handle, drop, nil)
        _ = hub_curl_set_header_writer(handle, drop, nil)
    }

    private func perform() -> CURLcode {
        let cancellation = cancellation
        remarks?.last = ""
        return withExtendedLifetime(cancellation) {
            let code = hub_curl_set_progress(
                handle,
                { context, _, _, _, _ in
                    guard let context else { return 1 }
                    return Unmanaged<Cancellation>.fromOpaque(context).takeUnretainedValue().isCancelled ? 1 : 0
                }, Unmanaged.passUnretained(cancellation).toOpaque())
            return code == CURLE_OK ? curl_easy_perform(handle) : code
        }
    }

    /// What libcurl remarks.
    private final class Remarks {
        let beginning: String
        var last = ""

        init(beginning: String) { self.beginning = beginning }

        func hear(_ text: String) {
            if text.hasPrefix(beginning) { last = text }
        }
    }

    /// What a server says, as it comes.
    private final class Sink {
        private(set) var bytes: [UInt8] = []
        private(set) var isTooLong = false
        private let limit: Int

        init(limit: Int) { self.limit = limit }

        func take(_ part: UnsafeRawBufferPointer) -> Int {
            guard part.count <= limit - bytes.count else {
                isTooLong = true
                return 0
            }
            bytes += part
            return part.count
        }
    }

    /// What is told to a server, as it is asked for.
    private final class Source {
        private var rest: ArraySlice<UInt8>
        /// Whether the end was told.
        private(set) var isOver = false

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        func give(_ place: UnsafeMutableRawBufferPointer) -> Int {
            let part = rest.prefix(place.count)
            place.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            if part.isEmpty { isOver = true }
            return part.count
        }
    }
}

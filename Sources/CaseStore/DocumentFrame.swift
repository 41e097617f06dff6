/// A document and what names it, as one run of bytes, so that a submission costs one seal.
///
/// Three texts (message id, file name, thread id), each as length + 1 in four bytes big-endian and UTF-8, zero for none;
/// then the document.
struct DocumentFrame {
    var messageID: String
    var fileName: String?
    var threadID: String?
    var bytes: [UInt8]

    var encoded: [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(bytes.count + 128)
        for text in [messageID, fileName, threadID] {
            let length = text.map { UInt32($0.utf8.count + 1) } ?? 0
            withUnsafeBytes(of: length.bigEndian) { frame.append(contentsOf: $0) }
            if let text { frame.append(contentsOf: text.utf8) }
        }
        frame.append(contentsOf: bytes)
        return frame
    }
}

extension DocumentFrame {
    /// Reads a frame; nothing when the bytes are not one.
    init?(_ frame: [UInt8]) {
        var rest = frame[...]
        func text() -> String?? {
            guard rest.count >= 4 else { return nil }
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard length > 0 else { return .some(nil) }
            guard rest.count >= length - 1 else { return nil }
            defer { rest = rest.dropFirst(length - 1) }
            return String(decoding: rest.prefix(length - 1), as: UTF8.self)
        }
        guard let messageID = text(), let messageID, let fileName = text(), let threadID = text() else { return nil }
        self.init(messageID: messageID, fileName: fileName, threadID: threadID, bytes: Array(rest))
    }
}

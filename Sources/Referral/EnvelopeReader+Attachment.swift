extension EnvelopeReader {
    /// The facts about an attachment; one that may not come in keeps its facts but not its content.
    func attachment(_ reader: FieldReader) -> Attachment? {
        var attachment = Attachment()
        attachment.name = reader.text(.attachmentName)
        attachment.mediaType = reader.text(.attachmentMediaType).map { $0.prefix { $0 != ";" }.lowercased().trimmed }
        attachment.size = reader.integer(.attachmentSize, in: 0...Int(Int32.max))
        attachment.sha256 = sha256(reader)
        let content = content(reader)
        guard attachment != Attachment() || content != nil else { return nil }

        if let type = attachment.mediaType, !Attachment.mediaTypes.contains(type) {
            reader.findings.warn(
                .mediaType, at: reader.at(.attachmentMediaType), "not a kind that is accepted")
        } else if attachment.size ?? 0 > Attachment.largest {
            reader.findings.warn(.tooLarge, at: reader.at(.attachmentSize), "an attachment has up to 10 MiB")
        } else if content == nil {
            reader.findings.warn(.incompleteSet, at: reader.path, "the attachment has neither content nor file")
        } else {
            attachment.content = content
        }
        return attachment
    }

    private func sha256(_ reader: FieldReader) -> String? {
        guard let digest = reader.text(.attachmentSHA256)?.lowercased() else { return nil }
        guard digest.utf8.count == 64, digest.utf8.allSatisfy({ $0.isDigit || (0x61...0x66).contains($0) }) else {
            reader.findings.warn(.checksum, at: reader.at(.attachmentSHA256), "expected 64 hexadecimal digits")
            return nil
        }
        return digest
    }

    private func content(_ reader: FieldReader) -> Attachment.Content? {
        if carrier == nil, let path = reader.text(.attachmentContent) { return .document(path: path) }
        if case .string(let base64)? = reader.object["content_base64"], !base64.isEmpty {
            let place = reader.at("content_base64")
            // Half as much again is more than Base64 and its line breaks add, and need not be counted out.
            let isHuge = base64.utf8.count > Attachment.largest / 2 * 3
            guard let decoded = isHuge ? .max : decodedSize(base64) else {
                reader.findings.warn(.encoding, at: place, "expected Base64")
                return nil
            }
            guard decoded <= Attachment.largest else {
                reader.findings.warn(.tooLarge, at: place, "an attachment has up to 10 MiB")
                return nil
            }
            return .document(path: place)
        }
        guard let name = reader.text(.attachmentFile) else { return nil }
        guard !name.contains(where: { $0 == "/" || $0 == "\\" }), name != ".", name != ".." else {
            reader.findings.warn(
                .schema, at: reader.at(.attachmentFile), "expected a file's name without folder")
            return nil
        }
        return .file(name: name)
    }

    /// The number of bytes that a Base64 text stands for, line breaks left out; nil when it is none.
    private func decodedSize(_ base64: String) -> Int? {
        var characters = 0
        var padding = 0
        for byte in base64.utf8 {
            switch byte {
            case UInt8(ascii: "\r"), UInt8(ascii: "\n"): continue
            case UInt8(ascii: "="): padding += 1
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), 0x30...0x39,
                UInt8(ascii: "+"), UInt8(ascii: "/"):
                guard padding == 0 else { return nil }
                characters += 1
            default: return nil
            }
        }
        guard padding <= 2, (characters + padding) % 4 == 0 else { return nil }
        return characters * 3 / 4
    }
}

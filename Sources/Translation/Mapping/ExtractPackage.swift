package import Referral

/// The files of an extract about many persons as one zip archive: what leaves by a way out with `content: extract`.
///
/// Disclosure makes the files and says who may be in them. An adapter only says by which way they go; it names nothing in them.
package struct ExtractPackage: Sendable {
    /// A file of the package.
    package struct File: Sendable, Hashable {
        /// Lower-case letters and `-`, with the extension `csv` or `json`.
        package var name: String
        package var bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// The extract's id.
    package var id: String
    package var purpose: String
    package var created: Instant
    /// Who sends, for the name of the archive.
    package var sender: String
    package var files: [File]

    package init(id: String, purpose: String, created: Instant, sender: String, files: [File]) {
        self.id = id
        self.purpose = purpose
        self.created = created
        self.sender = sender
        self.files = files
    }

    /// Reads an extract as `hub render` and samples have it: `extract` with `id`, `purpose` and `created_at`, `sender.id`, and
    /// `files` with `name` and `text`.
    ///
    /// - Throws: ``RenderError`` naming everything that is missing or wrong.
    package init(_ value: Value) throws(RenderError) {
        var findings: [Finding] = []
        func text(_ path: String) -> String {
            if let text = value[path: path]?.stringValue, !text.isEmpty { return text }
            findings.append(Finding(.missing, at: path, "an extract has it"))
            return ""
        }
        id = text("extract.id")
        purpose = text("extract.purpose")
        let stated = text("extract.created_at")
        created = Instant(rfc3339: stated) ?? Instant(microseconds: 0)
        if !stated.isEmpty, Instant(rfc3339: stated) == nil {
            findings.append(
                Finding(.invalidDate, at: "extract.created_at", "it is not a time, as 2026-11-22T09:30:00Z"))
        }
        sender = text("sender.id")
        files = (value["files"]?.arrayValue ?? []).enumerated().compactMap { index, file -> File? in
            guard let name = file["name"]?.stringValue, let text = file["text"]?.stringValue else {
                findings.append(Finding(.missing, at: "files[\(index)]", "a file has a name and a text"))
                return nil
            }
            return File(name: name, bytes: Array(text.utf8))
        }
        guard findings.isEmpty else { throw RenderError(findings: findings) }
    }

    /// The archive, with its name and type.
    ///
    /// - Throws: ``RenderError`` when there is no file, or a file's name is not one of a package or stands twice.
    package func rendered(as outbound: Outbound) throws(RenderError) -> Rendered {
        guard !files.isEmpty else {
            throw RenderError(findings: [Finding(.missing, at: "files", "an extract has files")])
        }
        var names: Set<String> = []
        let wrong = files.enumerated().filter { !Self.isName($1.name) || !names.insert($1.name).inserted }
        guard wrong.isEmpty else {
            throw RenderError(
                findings: wrong.map { index, _ in
                    Finding(
                        .schema, at: "files[\(index)].name",
                        "a name is lower-case letters and -, with .csv or .json, and each stands once")
                })
        }
        guard let bytes = ZipWriter.write(files.map { ($0.name, $0.bytes) }) else {
            throw RenderError(findings: [Finding(.internal, at: "files", "the archive cannot be written")])
        }
        return Rendered(
            bytes: bytes, mediaType: outbound.mediaType,
            fileName: fileName, messageID: id, warnings: [])
    }

    /// The archive's name, the same whenever it is made.
    package var fileName: String {
        Rendered.fileName(sender: sender, purpose: purpose, created: created, id: id, extension: "zip")
    }

    private static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 && ["csv", "json"].contains(parts[1]) && !parts[0].isEmpty && name.utf8.count <= 64
            && parts[0].utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x2D }
    }

    /// The media type of the archive.
    static let mediaType = "application/zip"

    /// The purposes for which extracts are made, and nothing else is sent.
    static let purposes: Set<String> = ["research_evaluation", "ipsos_evaluation", "health_planning"]
}

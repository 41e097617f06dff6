package import Referral

extension Adapter {
    /// The way in for a document that came from this partner: of its format, and of its type where one takes that.
    package func inbound(for format: DocumentFormat, type: String?) -> Inbound? {
        let ways = inbound.filter { $0.format == format }
        return ways.first { $0.takes(type) } ?? ways.first
    }

    /// The way in for a document of which only the bytes are known, and perhaps its file's name.
    package func inbound(for bytes: [UInt8], fileName: String? = nil) -> Inbound? {
        guard let format = AdapterCatalogue.format(of: bytes, fileName: fileName) else { return nil }
        let root = SourceDocument.first(of: bytes, format)
        return inbound(for: format, type: root.flatMap { SourceDocument.type(of: $0, format) })
    }

    /// Whether a document names this partner as its sender, by the way in's own rule (`recognises`).
    ///
    /// A table names no sender, and a way in without a rule leaves it to the channel: both hold.
    package func isSender(of bytes: [UInt8], by way: Inbound) -> Bool {
        guard way.format != .csv, let condition = way.recognises,
            let root = SourceDocument.first(of: bytes, way.format)
        else { return true }
        var evaluation = Evaluation()
        return evaluation.holds(condition, Scope(root))
    }
}

extension Inbound {
    /// Whether what comes this way is the JSON envelope, which names its sender by the register's id.
    package var readsEnvelope: Bool { mapping.startsFromDocument }
}

extension Outbound {
    /// The groups of everything that the shape can name: what is asked for when nobody says otherwise.
    package var groups: Set<FieldGroup> { fields.reduce(into: []) { $0.formUnion($1.groups) } }
}

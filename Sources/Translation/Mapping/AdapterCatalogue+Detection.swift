import Referral

extension AdapterCatalogue {
    /// Finds out whose a document is: by its format, then by what partners' adapters recognise, then by the adapter that
    /// reads the format from anybody. Nil when the bytes are in no format that the hub knows.
    ///
    /// Only for dry runs and for files whose channel does not tell: what a document says of its sender proves nothing.
    ///
    /// - Parameter fileName: Its extension decides when the bytes do not tell the format.
    package func detect(_ bytes: [UInt8], fileName: String? = nil) -> (Adapter, Inbound)? {
        guard let format = Self.format(of: bytes, fileName: fileName) else { return nil }
        let root = SourceDocument.first(of: bytes, format)
        let type = root.flatMap { SourceDocument.type(of: $0, format) }
        var best: (adapter: Adapter, inbound: Inbound, rank: [Int])?
        for adapter in all {
            for inbound in adapter.inbound where inbound.format == format {
                guard let rank = Self.rank(adapter, inbound, root, type) else { continue }
                if best.map({ $0.rank.lexicographicallyPrecedes(rank) }) ?? true { best = (adapter, inbound, rank) }
            }
        }
        return best.map { ($0.adapter, $0.inbound) }
    }

    /// How sure it is that a document came this way in: partners before formats, then the more specific, then by the type
    /// of message. Nil when it did not.
    private static func rank(_ adapter: Adapter, _ inbound: Inbound, _ root: Item?, _ type: String?) -> [Int]? {
        let isPartner = adapter.kind != .format
        var clauses = 0
        // What cannot be read goes to the format's adapter, whose translation says why.
        if root == nil, !isPartner { return [0, 0, 0] }
        if let condition = inbound.recognises {
            var evaluation = Evaluation()
            guard let root, evaluation.holds(condition, Scope(root)) else { return nil }
            clauses = condition.clauses.count
        } else if isPartner {
            return nil
        }
        return [isPartner ? 1 : 0, clauses, inbound.takes(type) ? 1 : 0]
    }

    /// The format that bytes have; a file's name decides where they do not tell. Nil for none that is known.
    package static func format(of bytes: [UInt8], fileName: String?) -> DocumentFormat? {
        let guess = DocumentFormat.guess(bytes)
        guard guess == nil || guess == .csv, let ending = fileName?.split(separator: ".").last?.lowercased() else {
            return guess
        }
        switch ending {
        case "hl7", "hl7v2", "er7": return .hl7v2
        case "json": return .json
        case "xml": return .xml
        case "csv", "tsv", "txt", "xlsx": return .csv
        default: return guess
        }
    }
}

extension Inbound {
    /// Whether a type of message is taken. A document without a type is, so that the validation can say what it lacks.
    package func takes(_ type: String?) -> Bool {
        guard !takes.isEmpty, let type else { return true }
        return takes.contains { $0.lowercased() == type.lowercased() }
    }
}

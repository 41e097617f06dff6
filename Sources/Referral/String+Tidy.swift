extension String {
    /// The text without white space around it.
    package var trimmed: String {
        // Nearly every text begins and ends with a character of ASCII that is no white space, which is quick to see.
        if let first = utf8.first, let last = utf8.last, (0x21...0x7E).contains(first), (0x21...0x7E).contains(last) {
            return self
        }
        guard let first = unicodeScalars.first, let last = unicodeScalars.last,
            first.properties.isWhitespace || last.properties.isWhitespace
        else { return self }
        let scalars = unicodeScalars
        guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let end = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[start...end])
    }

    /// The text as the canonical model keeps it: line ends as `\n`, no other control characters but tab, no white space
    /// around it.
    ///
    /// Bringing text into NFC needs Unicode tables that the standard library does not offer; Swift's own comparison and hashing
    /// go by canonical equivalence, so the model does not depend on it.
    var tidy: String {
        guard utf8.contains(where: { $0 < 0x20 && $0 != 0x0A && $0 != 0x09 || $0 == 0x7F || $0 == 0xC2 }) else {
            return trimmed
        }
        var kept = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\r", "\u{85}": kept.append("\n")
            case "\n", "\t": kept.append(scalar)
            case _ where scalar.properties.generalCategory == .control: break
            default: kept.append(scalar)
            }
            previous = scalar
        }
        return String(kept).trimmed
    }
}

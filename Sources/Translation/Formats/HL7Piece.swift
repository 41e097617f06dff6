/// A field, repetition, component or subcomponent of an HL7 v2 message, parted and decoded only when asked.
package struct HL7Piece: Sendable {
    /// How far down a piece is.
    package enum Level: Int, Sendable, Comparable {
        case field, repetition, component, subcomponent

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// What a field holds.
    enum Kind: Sendable {
        /// Components and subcomponents.
        case parted
        /// Text of type FT, TX or ST, in which a delimiter that its writer forgot to escape is only a character.
        case freeText
        /// MSH-1 and MSH-2, which are delimiters themselves.
        case delimiters
    }

    /// What stands for "delete the value that you have" (HL7 v2.4 section 2.10); an empty piece stands for "no change".
    package static let deletion = #""""#

    package let level: Level
    let bytes: ArraySlice<UInt8>
    let encoding: HL7Encoding
    let kind: Kind

    /// Whether nothing was sent.
    package var isEmpty: Bool { bytes.isEmpty }

    /// Whether the sender asks for the value to be deleted.
    package var isDeletion: Bool { bytes.elementsEqual(Self.deletion.utf8) }

    /// The decoded text of the leaf: of a piece with parts, the first part of the first part.
    ///
    /// A receiver that expects less structure than was sent takes the first part (HL7 v2.4 section 2.8.3), so that
    /// `PID-5.1` is the surname also where the sender parts surname and prefix. Free text is taken whole. A deletion is
    /// ``deletion``, an empty piece the empty string.
    package var text: String {
        switch kind {
        case .delimiters: String(decoding: bytes, as: UTF8.self)
        case .freeText: encoding.decode(level == .field ? first(encoding.delimiters.repetition) : bytes)
        case .parted: encoding.decode(leaf)
        }
    }

    /// The decoded text of the whole piece with the delimiters in it, for what is shown and not understood.
    package var whole: String { kind == .delimiters ? text : encoding.decode(bytes) }

    /// The repetitions of a field, an empty field having one; a piece further down is its own only repetition.
    package var repetitions: [HL7Piece] {
        guard level == .field, kind != .delimiters else { return [self] }
        return parts(encoding.delimiters.repetition, .repetition)
    }

    /// A component, from 1. An absent one is an empty piece; of a piece without components the first is the piece.
    package func component(_ number: Int) -> HL7Piece {
        guard level < .component, kind == .parted else { return number == 1 ? self : nothing(.component) }
        let repetition = level == .field ? first(encoding.delimiters.repetition) : bytes
        return part(number, of: repetition, encoding.delimiters.component, .component)
    }

    /// A subcomponent of a component, or of the first component, from 1. An absent one is an empty piece.
    package func subcomponent(_ number: Int) -> HL7Piece {
        guard level < .subcomponent, kind == .parted else { return number == 1 ? self : nothing(.subcomponent) }
        return part(number, of: component(1).bytes, encoding.delimiters.subcomponent, .subcomponent)
    }

    /// All components of the first repetition.
    package var components: [HL7Piece] {
        guard level < .component, kind == .parted else { return [self] }
        return HL7Piece(
            level: .repetition, bytes: level == .field ? first(encoding.delimiters.repetition) : bytes,
            encoding: encoding,
            kind: kind
        ).parts(encoding.delimiters.component, .component)
    }

    /// All subcomponents of a component, or of the first component.
    package var subcomponents: [HL7Piece] {
        guard level < .subcomponent, kind == .parted else { return [self] }
        return component(1).parts(encoding.delimiters.subcomponent, .subcomponent)
    }

    /// What a path relative to this piece names, such as `.4.2`. The segment and field of a path are not looked at.
    package func pieces(_ path: HL7Path) -> [HL7Piece] {
        var pieces = repetitions
        if let number = path.repetition, level == .field {
            pieces = pieces.indices.contains(number - 1) ? [pieces[number - 1]] : []
        }
        guard let component = path.component else { return pieces }
        return pieces.map { piece in
            let part = piece.component(component)
            return path.subcomponent.map(part.subcomponent) ?? part
        }
    }

    /// The decoded texts of what a relative path names, without those that are empty.
    package func values(_ path: HL7Path) -> [String] { pieces(path).map(\.text).filter { !$0.isEmpty } }

    /// The bytes of the first part down to the lowest level.
    private var leaf: ArraySlice<UInt8> {
        let delimiters = encoding.delimiters
        return bytes.prefix {
            $0 != delimiters.subcomponent && (level >= .component || $0 != delimiters.component)
                && (level >= .repetition || $0 != delimiters.repetition)
        }
    }

    private func first(_ delimiter: UInt8) -> ArraySlice<UInt8> { bytes.prefix { $0 != delimiter } }

    private func parts(_ delimiter: UInt8, _ level: Level) -> [HL7Piece] {
        bytes.split(separator: delimiter, omittingEmptySubsequences: false)
            .map { HL7Piece(level: level, bytes: $0, encoding: encoding, kind: kind) }
    }

    private func part(_ number: Int, of bytes: ArraySlice<UInt8>, _ delimiter: UInt8, _ level: Level) -> HL7Piece {
        var rest = bytes
        for _ in 1..<max(number, 1) {
            guard let end = rest.firstIndex(of: delimiter) else { return nothing(level) }
            rest = rest[(end + 1)...]
        }
        return HL7Piece(level: level, bytes: rest.prefix { $0 != delimiter }, encoding: encoding, kind: kind)
    }

    private func nothing(_ level: Level) -> HL7Piece {
        HL7Piece(level: level, bytes: bytes.suffix(0), encoding: encoding, kind: kind)
    }
}

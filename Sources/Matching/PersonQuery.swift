package import Referral

/// What somebody types to find a person: one or more of a number, a family name, a birth date and a postcode, all of which
/// must be the person's, now or earlier.
package struct PersonQuery: Sendable, Hashable {
    /// In its normal form.
    package var nhsNumber: String?
    package var birthDate: CalendarDate?
    private let family: [[UInt8]]
    private let postcode: [UInt8]

    /// - Parameters:
    ///   - nhsNumber: Checked, in its normal form.
    ///   - postcode: Checked, in its normal form.
    /// - Returns: Nil where there is nothing to look for.
    package init?(nhsNumber: String?, family: String?, birthDate: CalendarDate?, postcode: String?) {
        self.nhsNumber = nhsNumber
        self.birthDate = birthDate
        self.family = family.map(Folding.words) ?? []
        self.postcode = postcode.map { Array($0.lowercased().utf8.filter { $0 != 0x20 }) } ?? []
        if nhsNumber == nil, birthDate == nil, self.family.isEmpty, self.postcode.isEmpty { return nil }
    }

    /// The texts of ``Fingerprint/blockingKeys`` to look under; whoever fits is kept under one of them. Empty where the number
    /// settles it, and where nobody can be found by what is given.
    ///
    /// Persons are kept under a birth date, under a postcode with the family name's initial, and under the sound of a family name
    /// with a year of birth. So by a postcode alone those are found of whom a family name is known; by a family name alone those
    /// whose birth date is known too, and not by a name of one or two letters, which has no sound.
    ///
    /// Those come first under which the fewest are kept.
    package func keys(today: CalendarDate) -> [[UInt8]] {
        if nhsNumber != nil { return [] }
        let name = Array(family.joined())
        let sound = name.count > 2 ? Sound.code(name) : nil
        func key(_ sound: [UInt8], year: Int) -> [UInt8] { [UInt8(ascii: "y")] + sound + [0] + Array("\(year)".utf8) }
        var keys: [[UInt8]] = []
        // With every initial: what was typed may be the second half of a name.
        if !postcode.isEmpty { keys += Self.initials.map { [UInt8(ascii: "p"), $0] + postcode } }
        if let birthDate {
            if let sound { keys.append(key(sound, year: birthDate.year)) }
            keys.append([UInt8(ascii: "d")] + Array(birthDate.iso.utf8))
        } else if let sound, postcode.isEmpty {
            // Whoever was born last is the likeliest to be looked for.
            keys += (Self.firstYear...max(Self.firstYear, today.year)).reversed().map { key(sound, year: $0) }
        }
        return keys
    }

    /// Whether anybody can be found by what is given.
    package func canBeAnswered(today: CalendarDate) -> Bool { nhsNumber != nil || !keys(today: today).isEmpty }

    /// Whether somebody is meant. Capitals, accents, hyphens and spaces do not matter in a name, and one part of a name of several
    /// is enough.
    package func fits(_ known: Fingerprint) -> Bool {
        if let nhsNumber, !known.nhsNumbers.contains(Array(nhsNumber.utf8)) { return false }
        if let birthDate, !known.birthDates.contains(birthDate) { return false }
        if !postcode.isEmpty, !known.homes.contains(where: { $0.postcode == postcode }) { return false }
        return family.isEmpty || known.families.contains(where: isMeant)
    }

    private func isMeant(_ name: Fingerprint.Name) -> Bool {
        let whole = Array(family.joined())
        return Array(name.joined()) == whole || family.count == 1 && name.contains(whole)
    }

    /// Nobody who is known was born earlier.
    private static let firstYear = 1900

    /// With what a folded name can begin: a small letter or a digit of ASCII, or the first byte of a letter that is not of ASCII.
    private static let initials =
        Array(UInt8(ascii: "a")...UInt8(ascii: "z")) + Array(UInt8(ascii: "0")...UInt8(ascii: "9")) + Array(0xC2...0xF4)
}

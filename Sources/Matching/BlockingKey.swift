import Referral

extension Fingerprint {
    /// The texts under which a person is kept so that somebody who may be the same is found without looking at everybody.
    ///
    /// Two descriptions of one person share at least one of them, whichever single thing is wrong: the sounds of given
    /// and family name in either order, birth date with an initial, sound of the family name with the year of birth,
    /// postcode with an initial, phone, e-mail, the home's UPRN. Numbers are looked up apart.
    package var blockingKeys: [[UInt8]] { keys(ofBirth: birthDates) }

    /// The texts to look under: those above, and the birth dates with day and month exchanged.
    package var searchKeys: [[UInt8]] {
        keys(ofBirth: birthDates + birthDates.compactMap { CalendarDate(year: $0.year, month: $0.day, day: $0.month) })
    }

    private func keys(ofBirth dates: [CalendarDate]) -> [[UInt8]] {
        var keys: Set<[UInt8]> = []
        let given = Set(givens.flatMap { $0.prefix(2) }.map(Sound.code).filter { !$0.isEmpty })
        let family = Set(
            families.flatMap { $0 + ($0.count > 1 ? [Array($0.joined())] : []) }
                .filter { $0.count > 2 }.map(Sound.code).filter { !$0.isEmpty })
        for a in given {
            for b in family {
                let (first, second) = a.lexicographicallyPrecedes(b) ? (a, b) : (b, a)
                keys.insert([UInt8(ascii: "n")] + first + [0] + second)
            }
        }
        for date in dates {
            let born = Array(date.iso.utf8)
            keys.insert([UInt8(ascii: "d")] + born)
            for sound in family { keys.insert([UInt8(ascii: "y")] + sound + [0] + born.prefix(4)) }
        }
        let familyInitials = Set(families.compactMap { $0.first?.first })
        for home in homes {
            if !home.postcode.isEmpty {
                for initial in familyInitials { keys.insert([UInt8(ascii: "p"), initial] + home.postcode) }
                if !home.number.isEmpty { keys.insert([UInt8(ascii: "h")] + home.postcode + [0] + home.number) }
            }
            if !home.street.isEmpty, !home.number.isEmpty {
                keys.insert([UInt8(ascii: "a")] + home.number + [0] + Sound.code(home.street))
            }
            if !home.uprn.isEmpty { keys.insert([UInt8(ascii: "u")] + home.uprn) }
        }
        for phone in phones { keys.insert([UInt8(ascii: "t")] + phone) }
        for email in emails { keys.insert([UInt8(ascii: "e")] + email) }
        return Array(keys.sorted { $0.lexicographicallyPrecedes($1) }.prefix(Self.mostKeys))
    }

    private static let mostKeys = 48
}

extension Fingerprint {
    /// The numbers that name the person, as texts of the same kind.
    package var numberKeys: [[UInt8]] {
        nhsNumbers.map { [UInt8(ascii: "#")] + $0 }
            + numbers.map { [UInt8(ascii: "#")] + Array($0.type.rawValue.utf8) + [0] + $0.scope + [0] + $0.value }
    }
}

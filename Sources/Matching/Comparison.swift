import Referral

/// How far the fields of two fingerprints agree. Each function is the same both ways.
enum Comparison {
    /// A name as one word.
    static func joined(_ name: Fingerprint.Name) -> [UInt8] { name.count == 1 ? name[0] : Array(name.joined()) }

    /// A level, with the value on which both agree where they do.
    struct Found {
        var level: MatchLevel
        var value: [UInt8]?

        static let missing = Found(level: .missing)
    }

    // MARK: Names

    /// Family and given name. They are looked at crosswise too, because forms are filled in the wrong way round.
    static func names(_ a: Fingerprint, _ b: Fingerprint) -> (family: Found, given: Found) {
        let family = best(a.families, b.families, of: familyLevels, family)
        let given = best(a.givens, b.givens, of: givenLevels, given)
        guard isUnlike(family.level), isUnlike(given.level) else { return (family, given) }
        let first = best(a.families, b.givens, of: familyLevels, Self.family).level
        let second = best(a.givens, b.families, of: familyLevels, Self.family).level
        let isCrossed =
            isAlike(first) && isAlike(second) || first == .exact && second == .missing
            || first == .missing && second == .exact
        return isCrossed ? (Found(level: .swapped), Found(level: .swapped)) : (family, given)
    }

    private static func isUnlike(_ level: MatchLevel) -> Bool {
        level == .different || level == .similar || level == .missing
    }

    private static func isAlike(_ level: MatchLevel) -> Bool { level == .exact || level == .near || level == .part }

    private static let familyLevels: [MatchLevel] = [.exact, .near, .part, .sound, .similar, .different]
    private static let givenLevels: [MatchLevel] = [
        .exact, .near, .part, .nickname, .initial, .sound, .similar, .different,
    ]

    private static func family(_ a: Fingerprint.Name, _ b: Fingerprint.Name) -> Found {
        let (whole, other) = (joined(a), joined(b))
        if whole == other { return Found(level: .exact, value: whole) }
        if a.count == b.count, a.count > 1, a.allSatisfy(b.contains) { return Found(level: .exact, value: whole) }
        let likeness = Similarity.jaroWinkler(whole, other)
        if likeness >= 0.93 || whole.count > 3 && Similarity.isOneEdit(whole, other) { return Found(level: .near) }
        if a.count > 1 || b.count > 1, a.contains(where: { $0.count > 2 && b.contains($0) }) {
            return Found(level: .part)
        }
        if soundAlike(whole, other) { return Found(level: .sound) }
        return Found(level: likeness >= 0.85 ? .similar : .different)
    }

    private static func given(_ a: Fingerprint.Name, _ b: Fingerprint.Name) -> Found {
        let (first, other) = (a[0], b[0])
        if first == other { return Found(level: .exact, value: first) }
        if joined(a) == joined(b) { return Found(level: .exact, value: first) }
        if first.count == 1 || other.count == 1 { return Found(level: first[0] == other[0] ? .initial : .different) }
        let likeness = Similarity.jaroWinkler(first, other)
        // In short names one letter makes another name: Tim and Tom, Jan and Jon.
        if min(first.count, other.count) > 3, likeness >= 0.93 || Similarity.isOneEdit(first, other) {
            return Found(level: .near)
        }
        if a.contains(where: { $0.count > 2 && b.contains($0) }) { return Found(level: .part) }
        if Nicknames.stand(first, for: other) { return Found(level: .nickname) }
        if soundAlike(first, other) { return Found(level: .sound) }
        return Found(level: likeness >= 0.85 ? .similar : .different)
    }

    private static func soundAlike(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard min(a.count, b.count) > 3 else { return false }
        let code = Sound.code(a)
        return code.count > 1 && code == Sound.code(b)
    }

    /// The best level of any value of the one side with any of the other.
    private static func best<Value>(
        _ a: [Value], _ b: [Value], of order: [MatchLevel], _ compare: (Value, Value) -> Found
    ) -> Found {
        guard !a.isEmpty, !b.isEmpty else { return .missing }
        var best = Found(level: order[order.count - 1])
        var rank = order.count - 1
        for x in a {
            for y in b {
                let found = compare(x, y)
                let foundRank = order.firstIndex(of: found.level) ?? rank
                if foundRank < rank { (best, rank) = (found, foundRank) }
                if rank == 0 { return best }
            }
        }
        return best
    }

    // MARK: Birth date and sex

    static func birthDate(_ a: Fingerprint, _ b: Fingerprint) -> Found {
        best(a.birthDates, b.birthDates, of: [.exact, .swapped, .near, .part, .different]) { x, y in
            if x == y { return Found(level: .exact) }
            if x.year == y.year, x.month == y.day, x.day == y.month { return Found(level: .swapped) }
            if isOneSlip(digits(x), digits(y)) { return Found(level: .near) }
            let equal = (x.year == y.year ? 1 : 0) + (x.month == y.month ? 1 : 0) + (x.day == y.day ? 1 : 0)
            return Found(level: equal == 2 ? .part : .different)
        }
    }

    private static func digits(_ date: CalendarDate) -> Int { (date.year * 100 + date.month) * 100 + date.day }

    /// Whether two numbers of eight digits differ in one, or by two neighbours exchanged.
    private static func isOneSlip(_ a: Int, _ b: Int) -> Bool {
        var (a, b) = (a, b)
        var places: [Int] = []
        var pairs: [(Int, Int)] = []
        for place in 0..<8 {
            if a % 10 != b % 10 {
                places.append(place)
                pairs.append((a % 10, b % 10))
                if places.count > 2 { return false }
            }
            (a, b) = (a / 10, b / 10)
        }
        if places.count == 1 { return true }
        return places.count == 2 && places[1] == places[0] + 1 && pairs[0].0 == pairs[1].1 && pairs[0].1 == pairs[1].0
    }

    static func sex(_ a: Fingerprint, _ b: Fingerprint) -> Found {
        guard let x = a.sex, let y = b.sex else { return .missing }
        return Found(level: x == y ? .exact : .different)
    }

    // MARK: Where and how to reach

    static func address(_ a: Fingerprint, _ b: Fingerprint) -> Found {
        func isLocated(_ home: Fingerprint.Home) -> Bool { !home.street.isEmpty || !home.uprn.isEmpty }
        return best(
            a.homes.filter(isLocated), b.homes.filter(isLocated), of: [.exact, .near, .similar, .different]
        ) { x, y in
            if !x.uprn.isEmpty, x.uprn == y.uprn { return Found(level: .exact) }
            let likeness = Similarity.jaroWinkler(x.street, y.street)
            let isSameNumber = !x.number.isEmpty && x.number == y.number
            if likeness >= 0.9 { return Found(level: isSameNumber ? .exact : .near) }
            if likeness >= 0.8, isSameNumber { return Found(level: .near) }
            return Found(level: likeness >= 0.8 ? .similar : .different)
        }
    }

    static func postcode(_ a: Fingerprint, _ b: Fingerprint) -> Found {
        let (left, right) = (a.homes.map(\.postcode), b.homes.map(\.postcode))
        return best(
            left.filter { !$0.isEmpty }, right.filter { !$0.isEmpty }, of: [.exact, .near, .part, .different]
        ) { x, y in
            if x == y { return Found(level: .exact, value: x) }
            if Similarity.isOneEdit(x, y) { return Found(level: .near) }
            return Found(level: x.count > 4 && y.count > 4 && x.dropLast(3) == y.dropLast(3) ? .part : .different)
        }
    }

    static func town(_ a: Fingerprint, _ b: Fingerprint) -> Found {
        let (left, right) = (a.homes.map(\.town), b.homes.map(\.town))
        return best(left.filter { !$0.isEmpty }, right.filter { !$0.isEmpty }, of: [.exact, .near, .different]) {
            x, y in
            if x == y { return Found(level: .exact, value: x) }
            return Found(level: Similarity.jaroWinkler(x, y) >= 0.9 ? .near : .different)
        }
    }

    static func texts(_ a: [[UInt8]], _ b: [[UInt8]]) -> Found {
        best(a, b, of: [.exact, .near, .different]) { x, y in
            if x == y { return Found(level: .exact, value: x) }
            return Found(level: Similarity.isOneEdit(x, y) ? .near : .different)
        }
    }

    // MARK: Numbers

    static func nhsNumber(_ a: Fingerprint, _ b: Fingerprint) -> Found {
        if !a.verifiedNHSNumber.isEmpty, a.verifiedNHSNumber == b.verifiedNHSNumber {
            return Found(level: .verified)
        }
        // What is verified on both sides and not the same is not made the same by a third number.
        if !a.verifiedNHSNumber.isEmpty, !b.verifiedNHSNumber.isEmpty {
            let isSlip = Similarity.isOneEdit(a.verifiedNHSNumber, b.verifiedNHSNumber)
            return Found(level: isSlip ? .near : .different)
        }
        return texts(a.nhsNumbers, b.nhsNumbers)
    }

    /// The best of the numbers that are of one kind and giver on both sides.
    static func otherNumber(_ a: Fingerprint, _ b: Fingerprint) -> Found {
        var best = Found.missing
        for x in a.numbers {
            for y in b.numbers where x.type == y.type && x.scope == y.scope {
                if x.value == y.value { return Found(level: .exact) }
                // Numbers of the sender's own often run on, so that neighbours are no slip.
                if x.scope.isEmpty, Similarity.isOneEdit(x.value, y.value) {
                    best = Found(level: .near)
                } else if best.level == .missing {
                    best = Found(level: .different)
                }
            }
        }
        return best
    }
}

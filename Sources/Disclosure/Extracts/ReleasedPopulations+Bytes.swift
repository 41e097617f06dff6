extension ReleasedPopulations {
    /// The form in which it is kept, sealed: version 1; how many persons, 4 bytes; their numbers in order, 8 bytes each; for
    /// each figure the length of its name, 2 bytes, the name in UTF-8, 1 where it is
    /// hidden or 0, and one bit for each person.
    package var bytes: [UInt8] {
        let persons = cohort.sorted()
        var bytes: [UInt8] = [1]
        func append(_ number: some FixedWidthInteger) { withUnsafeBytes(of: number.bigEndian) { bytes += $0 } }
        append(UInt32(persons.count))
        for person in persons { append(person) }
        let figures = cells.map { ($0.key, UInt8(0), $0.value) } + hidden.map { ($0.key, UInt8(1), $0.value) }
        for (name, isHidden, population) in figures.sorted(by: { ($0.0, $0.1) < ($1.0, $1.1) }) {
            append(UInt16(name.utf8.count))
            bytes += name.utf8
            bytes.append(isHidden)
            var bits = [UInt8](repeating: 0, count: (persons.count + 7) / 8)
            for (index, person) in persons.enumerated() where population.contains(person) {
                bits[index / 8] |= 1 << UInt8(index % 8)
            }
            bytes += bits
        }
        return bytes
    }

    /// Reads ``bytes``; nil for anything else.
    package init?(bytes: [UInt8]) {
        var rest = bytes[...]
        func number<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
            let size = Number.bitWidth / 8
            guard rest.count >= size else { return nil }
            defer { rest = rest.dropFirst(size) }
            return rest.prefix(size).reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
        }
        guard number(UInt8.self) == 1, let count = number(UInt32.self), rest.count >= Int(count) * 8 else { return nil }
        let persons = (0..<Int(count)).compactMap { _ in number(Int64.self) }
        let size = (persons.count + 7) / 8
        var cells: [String: Set<Int64>] = [:]
        var hidden: [String: Set<Int64>] = [:]
        while let length = number(UInt16.self) {
            guard rest.count >= Int(length) + 1 + size else { return nil }
            let name = String(decoding: rest.prefix(Int(length)), as: UTF8.self)
            let isHidden = rest.dropFirst(Int(length)).first == 1
            let bits = Array(rest.dropFirst(Int(length) + 1).prefix(size))
            let population = Set(
                persons.indices.lazy.filter { bits[$0 / 8] & 1 << UInt8($0 % 8) != 0 }.map { persons[$0] })
            if isHidden { hidden[name] = population } else { cells[name] = population }
            rest = rest.dropFirst(Int(length) + 1 + size)
        }
        guard rest.isEmpty else { return nil }
        self.init(cohort: Set(persons), cells: cells, hidden: hidden)
    }
}

import Referral

@testable import Disclosure

/// Persons for extracts, made up.
enum People {
    static let areas = (0..<6).map { Area(lsoa: "E0100000\($0)", ward: "E0500000\($0 / 3)")! }

    static func person(_ number: Int, _ change: (inout CohortRecord) -> Void = { _ in }) -> CohortRecord {
        var record = CohortRecord(
            person: "person-\(number)", mark: Int64(number), referredOn: CalendarDate(iso: "2026-02-17")!)
        record.age = 40
        record.sex = .female
        record.source = .gp
        record.area = areas[0]
        change(&record)
        return record
    }

    /// As many as asked for, alike.
    static func alike(
        _ count: Int, from first: Int = 0, _ change: (inout CohortRecord) -> Void = { _ in }
    )
        -> [CohortRecord]
    {
        (first..<first + count).map { person($0, change) }
    }

    /// As many as asked for, of every kind; the same seed gives the same ones.
    static func mixed(_ count: Int, seed: UInt64) -> [CohortRecord] {
        var random = SeededGenerator(state: seed)
        return (0..<count).map { number in
            person(number) {
                $0.age = Bool.random(using: &random) ? .random(in: 16...99, using: &random) : 67
                $0.sex = [.female, .female, .female, .male, .male, .male, .other, nil].randomElement(using: &random)!
                $0.area = areas.randomElement(using: &random)!
                $0.source = [.gp, .police, .housing].randomElement(using: &random)!
                $0.needs = Set(CohortRecord.needs.filter { _ in Int.random(in: 0..<6, using: &random) == 0 })
                $0.isCareLeaver = Int.random(in: 0..<9, using: &random) == 0
            }
        }
    }
}

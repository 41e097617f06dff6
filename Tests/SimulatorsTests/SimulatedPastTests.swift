import Simulators
import Testing

@Suite struct SimulatedPastTests {
    private let end: Int64 = 1_790_000_000

    private func past(_ run: String = "RUN1") -> SimulatedPast {
        SimulatedPast(count: 4_500, persons: 100, days: 30, until: end, run: run)
    }

    @Test func `all formats come in order of time within the days`() {
        let entries = past()[0..<4_500]
        #expect(entries.map(\.at) == entries.map(\.at).sorted())
        #expect(entries.first?.at == end - 30 * 86_400)
        #expect(entries.allSatisfy { $0.at < end })
        #expect(Set(entries.map(\.document.kind)) == Set(SimulatedDocument.Kind.allCases))
    }

    @Test func `most come from who knows the NHS number, and of each person from several`() {
        let entries = past()[0..<4_500]
        let knowing = entries.filter { [.hospital, .bars].contains($0.document.kind) }
        #expect((4_400...4_450).contains(knowing.count))
        for first in 0..<100 {
            let kinds = stride(from: first, to: 4_500, by: 100).map { entries[$0].document.kind }
            #expect(Set(kinds).count > 1)
        }
    }

    @Test func `no two runs and no two documents of a run have the same bytes or file name`() {
        let entries = past()[0..<4_500] + past("RUN2")[0..<4_500]
        #expect(Set(entries.map(\.document.bytes)).count == 9_000)
        let dropped = entries.filter(\.document.kind.isDropped)
        #expect(Set(dropped.map(\.document.fileName)).count == dropped.count)
    }

    @Test func `a part of the documents is the same whichever others are made`() {
        #expect(
            past()[1_990..<2_010].map(\.document.bytes) == Array(past()[0..<4_500].map(\.document.bytes)[1_990..<2_010])
        )
    }

    @Test func `some are broken off`() {
        let entries = past()[0..<4_500]
        let whole = Dictionary(grouping: entries, by: \.document.kind).mapValues {
            $0.map(\.document.bytes.count).max() ?? 0
        }
        let broken = entries.indices.filter {
            entries[$0].document.bytes.count * 10 < (whole[entries[$0].document.kind] ?? 0) * 6
        }
        #expect(broken == [1_998, 3_997])
    }

    @Test func `who is there can be looked for`() {
        let lines = past().people(10).split(separator: "\n")
        #expect(lines.count == 11)
        #expect(lines[0] == "nhs_number,family_name,birth_date,postcode")
        let person = InventedPerson(seed: 1, number: 0)
        #expect(lines[1] == "\(person.nhsNumber),\(person.family),\(person.born),\(person.postcode)")
    }
}

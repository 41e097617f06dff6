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

    @Test func `each person is told about by every kind of partner`() {
        let entries = past()[0..<500]
        for first in 0..<100 {
            let kinds = stride(from: first, to: 500, by: 100).map { entries[$0].document.kind }
            #expect(Set(kinds).count == SimulatedDocument.Kind.allCases.count)
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
        let broken = entries.filter { $0.document.bytes.count < 150 }
        #expect((1...10).contains(broken.count))
    }

    @Test func `who is there can be looked for`() {
        let lines = past().people(10).split(separator: "\n")
        #expect(lines.count == 11)
        #expect(lines[0] == "nhs_number,family_name,birth_date,postcode")
        let person = InventedPerson(seed: 1, number: 0)
        #expect(lines[1] == "\(person.nhsNumber),\(person.family),\(person.born),\(person.postcode)")
    }
}

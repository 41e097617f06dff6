import Testing

@testable import Simulators

/// What the load and the far end of a measurement rest on.
@Suite struct LoadPiecesTests {
    @Test func `persons of a seed are the same in every run and have numbers of their own`() {
        let persons = InventedPerson.distinct(seed: 1, count: 5000)
        #expect(persons.count == 5000 && Set(persons.map(\.nhsNumber)).count == 5000)
        #expect(persons == InventedPerson.distinct(seed: 1, count: 5000))
        #expect(persons != InventedPerson.distinct(seed: 2, count: 5000))
    }

    @Test(arguments: [
        (#"{"reference":"a-1","more":2}"#, "a-1"), (#"{"x": {"reference" : "b"}}"#, "b"), (#"{"reference":""}"#, ""),
        (#"{"reference":7}"#, nil), ("{}", nil), ("", nil), (#"{"reference""#, nil),
    ])
    func `a text is found by its name in what a program wrote`(document: String, found: String?) {
        #expect(JSONText.text("reference", in: Array(document.utf8)) == found)
    }

    @Test func `a link worker's envelope is as long as referrals are`() {
        let person = InventedPerson(seed: 1, number: 0)
        let envelope = SimulatedDocument.linkWorkerEnvelope(
            person, sender: "gp_example_surgery", id: "load-1", at: "2026-11-29T10:00:00Z")
        #expect((2000...2500).contains(envelope.count))
        #expect(JSONText.text("message_id", in: envelope) == "load-1")
    }
}

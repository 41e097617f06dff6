import Postgres
import Referral
import Testing

@testable import CaseStore
@testable import Hub

@Suite struct PersonLookWordsTests {
    private static func look(
        _ released: Set<FieldGroup>, kind: EmergencyLook.Kind = .look, outcome: EmergencyLook.Outcome = .card,
        incident: String? = "INC-1", byPhone: Bool? = false, isUnproved: Bool = false, isReviewed: Bool = false
    ) -> PersonLook {
        PersonLook(
            id: .v7(), at: Timestamp(rfc3339: "2026-07-01T23:05:09Z")!, kind: kind, outcome: outcome, caller: "emas",
            released: released, isReviewed: isReviewed, incident: incident, isByPhone: byPhone,
            isUnproved: isUnproved)
    }

    @Test func `a card that was told is said in words to the person, by the clocks of England`() {
        let look = Self.look([.name, .address, .hazard])
        #expect(look.told == .card)
        #expect(
            look.words(from: "Example Ambulance")
                == "On 2 July 2026 at 00:05 Example Ambulance asked how to get to you, for its incident INC-1. "
                + "It was told what your access card and our record have of these: "
                + "your name; your address and how to find it; dangers to those who come.")
    }

    @Test func `of a candidate the house and the first name were told, as far as they might`() {
        let both = Self.look([.name, .address], outcome: .candidates, incident: nil)
        #expect(both.told == .houseAndFirstName)
        #expect(
            both.words(from: "X")
                == "On 2 July 2026 at 00:05 X asked how to get to you. "
                + "It was told the number or name of your house and your first name, and nothing else.")
        #expect(
            Self.look([.name], outcome: .candidates).words(from: "X")
                .hasSuffix("It was told your first name, and nothing else."))
    }

    @Test func `a code that was told by phone is said`() {
        let look = Self.look([.access], kind: .reveal, byPhone: true)
        #expect(look.told == .keySafe)
        #expect(
            look.words(from: "X")
                == "On 2 July 2026 at 00:05 X asked for the code of your key safe, by phone, for its incident INC-1. "
                + "It was told where your key safe is and its code.")
    }

    @Test func `that nobody could be signed in where it was asked is said`() {
        let look = Self.look([.address], outcome: .candidates, isUnproved: true)
        #expect(
            look.words(from: "X")
                == "On 2 July 2026 at 00:05 somebody at a computer of X, who could not be signed in, asked how to get to you, "
                + "for its incident INC-1. It was told the number or name of your house, and nothing else.")
        #expect(look.value(from: "X")["unproved"] == true)
        #expect(Self.look([.address]).value(from: "X")["unproved"] == false)
    }

    @Test func `the words are there once it is reviewed`() {
        #expect(Self.look([.name]).value(from: "X")["words"] == nil)
        let look = Self.look([.name], isReviewed: true)
        #expect(look.value(from: "X")["words"] == .string(look.words(from: "X")))
    }

    /// A look that finds somebody else as well has an outcome that says nothing of the one who was refused.
    @Test(arguments: [EmergencyLook.Kind.look, .reveal], [EmergencyLook.Outcome.card, .candidates, .none])
    func `what was refused is not shown as told`(_ kind: EmergencyLook.Kind, _ outcome: EmergencyLook.Outcome) {
        let look = Self.look([], kind: kind, outcome: outcome)
        #expect(look.told == .nothing)
        #expect(look.words(from: "X").hasSuffix("It was told nothing."))
        #expect(look.value(from: "X")["groups"] == [])
    }

    @Test func `what is gone with somebody's erasure is absent`() {
        let value = Self.look([.name], incident: nil, byPhone: nil).value(from: "Example Ambulance")
        #expect(value["incident_ref"] == nil && value["by_phone"] == nil)
        #expect(value["control_room"] == "Example Ambulance")
    }
}

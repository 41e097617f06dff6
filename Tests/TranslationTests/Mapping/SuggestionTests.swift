import Referral
import Testing

@testable import Translation

struct SuggestionTests {
    @Test(arguments: [("person.famly", "did you mean 'person.family'?"), ("URGENCY", "did you mean 'urgency'?")])
    func `the nearest word is suggested`(_ word: String, _ remedy: String) {
        #expect(Suggestion.remedy(for: word, among: ["person.family", "person.given", "urgency"]) == remedy)
    }

    @Test func `without a near word the known ones are listed when they are few`() {
        #expect(Suggestion.remedy(for: "xxxxxxxx", among: ["b", "a"]) == "known: a, b")
        #expect(Suggestion.remedy(for: "x", among: []) == "")
    }
}

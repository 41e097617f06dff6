import Referral
import Testing

@Suite struct LanguageTests {
    @Test(arguments: [
        "pl", "en-GB", "zh-Hant", "sgn-GB", "Polish", "Kurdish Sorani", "British Sign Language", "Llŷn", "ਪੰਜਾਬੀ", "हिन्दी",
        "Serbo-Croat", " Welsh ",
    ]) func `tags and names are languages`(_ text: String) {
        #expect(
            Language.normalise(text).normal == text.trimmingPrefix(" ").split(separator: " ").joined(separator: " "))
    }

    @Test(arguments: [
        "", "x", "speaks no English", "Polish; hits him", "4 children", "English (autistic)", "call 01632",
        "Polish\nTom",
        "A language that is longer than allowed", "Averyveryveryveryveryveryverylongword", "-", "Tom8",
    ]) func `more than a language is none`(_ text: String) { #expect(Language.normalise(text).normal == nil) }
}

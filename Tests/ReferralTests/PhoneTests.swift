import Referral
import Testing

@Suite struct PhoneTests {
    @Test(arguments: [
        ("01632 960123", "+441632960123"), ("07700 900 123", "+447700900123"), ("+44 (0)1632 960123", "+441632960123"),
        ("0044 7700 900123", "+447700900123"), ("(01632) 960-123", "+441632960123"),
        ("+1 202 555 0100", "+12025550100"),
        ("1632960123", "+441632960123"), ("7700900123", "+447700900123"), ("+447700900123", "+447700900123"),
        ("01632.960.123", "+441632960123"),
    ])
    func `a number is brought into E.164`(_ text: String, _ normal: String) {
        #expect(Phone.normalise(text) == .passed(normal))
    }

    @Test(arguments: [
        "", "999", "unknown", "01632 960123 ext 4", "4632960123", "+44", "+1234567890123456",
        "01632 960123 or 07700 900123",
        "٠١٦٣٢٩٦٠١٢٣", "+0012345678",
    ])
    func `what is no number fails`(_ text: String) {
        #expect(Phone.normalise(text).normal == nil)
    }
}

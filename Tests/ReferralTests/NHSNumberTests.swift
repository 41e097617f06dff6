import Referral
import Testing

@Suite struct NHSNumberTests {
    @Test(
        arguments: [
            ("4010000004", .englandAndWales), ("7999999999", .englandAndWales), ("6000000000", .englandAndWales),
            ("0100000000", .scotland), ("3112999999", .scotland), ("3200000000", .northernIreland),
            ("9434765919", .synthetic), ("9990000018", .synthetic),
            ("0000000000", .unissued), ("9999999999", .unissued), ("3113000000", .unissued), ("5000000000", .unissued),
            ("8000000000", .unissued), ("943476591", .unissued), ("", .unissued),
        ] as [(String, NHSNumber.Range)])
    func `a number lies in one range`(_ number: String, _ range: NHSNumber.Range) {
        #expect(NHSNumber.range(of: number) == range)
    }

    @Test(
        arguments: [
            ("9434765919", true, .test, true), ("9434765919", false, .test, false),
            ("9434765919", true, .production, false),
            ("9434765918", true, .test, false),
            // Right, and given by an NHS sender, but of another country.
            ("0101120001", true, .production, false),
        ] as [(String, Bool, HubEnvironment, Bool)])
    func `a verified number is right, of England and Wales, and vouched for`(
        _ number: String, _ vouchedFor: Bool, _ environment: HubEnvironment, _ verified: Bool
    ) {
        #expect(NHSNumber.isVerified(number, vouchedFor: vouchedFor, environment: environment) == verified)
    }

    @Test func `a synthetic number is none in production`() {
        #expect(IdentifierType.nhsNumber.normalise("9434765919", in: .production).normal == nil)
    }
}

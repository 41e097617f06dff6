import Referral
import Testing

/// Vectors of partner interfaces section 2; numbers of persons are harmless: test ranges and published examples.
@Suite struct IdentifierTypeTests {
    @Test(
        arguments: [
            (.nhsNumber, "9434765919", "9434765919"), (.nhsNumber, "943 476 5919", "9434765919"),
            (.nhsNumber, "999-000-0018", "9990000018"), (.nhsNumber, "999\u{A0}000\u{2013}0018", "9990000018"),
            (.nino, "AB123456C", "AB123456C"), (.nino, "cs 10 07 00 a", "CS100700A"),
            (.upn, "B801200005001", "B801200005001"), (.upn, "r831200120005", "R831200120005"),
            (.upn, "M80120000500A", "M80120000500A"),
            (.laestab, "8314001", "8314001"), (.laestab, "831/4001", "8314001"), (.laestab, "830 2000", "8302000"),
            // Wales, the forces overseas, Gibraltar, and an authority that is yet to be made.
            (.laestab, "6734000", "6734000"), (.laestab, "7025000", "7025000"), (.laestab, "7081000", "7081000"),
            (.laestab, "9502001", "9502001"),
            (.urn, "100001", "100001"), (.ukprn, "10001234", "10001234"), (.uln, "1000000019", "1000000019"),
            (.uprn, "100030329987", "100030329987"), (.uprn, "000100030329", "100030329"), (.uprn, "1", "1"),
            (.usrn, "20100001", "20100001"),
            (.postcode, "de12fs", "DE1 2FS"), (.postcode, "EC1A 1BB", "EC1A 1BB"), (.postcode, "ZZ993VZ", "ZZ99 3VZ"),
            (.onsArea, "E06000015", "E06000015"), (.onsArea, "w01000001", "W01000001"),
            (.ods, "rtg", "RTG"), (.ods, "C81001", "C81001"),
            (.cqcLocation, "1-12345", "1-12345"), (.cqcLocation, "1-123456789012", "1-123456789012"),
            (.charity, "1234567", "1234567"), (.charity, "234567-1", "234567-1"),
            (.crn, "x123456", "X123456"), (.prisonNumber, "g2996ux", "G2996UX"),
            (.pncID, "1979/163D", "1979/0000163D"), (.pncID, "10/0000001c", "10/0000001C"),
            (.forceCode, "30", "30"), (.hospitalNumber, " RTG-00123 ", "RTG-00123"), (.local, "a", "a"),
        ] as [(IdentifierType, String, String)])
    func `a right identifier is brought into its normal form`(_ type: IdentifierType, _ text: String, _ normal: String)
    {
        #expect(type.normalise(text, in: .test) == .passed(normal))
        #expect(type.normalise(normal, in: .test) == .passed(normal))
    }

    @Test(
        arguments: [
            (.nhsNumber, "9434765918"), (.nhsNumber, "9434765910"), (.nhsNumber, "943476591"),
            (.nhsNumber, "94347659190"),
            (.nhsNumber, "3478526985"), (.nhsNumber, "4857773456"), (.nhsNumber, "0000000000"),
            (.nhsNumber, "9999999999"),
            (.nhsNumber, "९४३४७६५९१९"), (.nhsNumber, ""), (.nhsNumber, "NONE"),
            (.nino, "QQ123456B"), (.nino, "AO123456C"), (.nino, "AB123456E"), (.nino, "GB123456A"), (.nino, "AB123456"),
            (.nino, "DA123456A"), (.nino, "BG123456A"), (.nino, "AB12345C"),
            (.upn, "A801200005001"), (.upn, "B80120000500"), (.upn, "B80120000500I"), (.upn, "Z80120000500A"),
            (.upn, "UN6"),
            (.laestab, "0014001"), (.laestab, "0004001"), (.laestab, "83140011"), (.laestab, "831LLLL"),
            (.urn, "012345"), (.urn, "1234567"), (.ukprn, "20001234"), (.ukprn, "1000123"),
            (.uln, "1000000018"), (.uln, "0000000019"), (.uln, "123456789"),
            (.uprn, "0"), (.uprn, "1234567890123"), (.uprn, "12a"), (.usrn, "123"),
            (.postcode, "QA1 1AA"), (.postcode, "YF2 9MI"), (.postcode, "DE1"), (.postcode, "ZZ99 9ZZ"),
            (.postcode, "D123 4AA"),
            (.postcode, "DE1 2F\u{FF33}"), (.onsArea, "S12000033"), (.onsArea, "E0600001"), (.ods, "RT"),
            (.ods, "RTG?"),
            (.cqcLocation, "2-12345"), (.cqcLocation, "1-1234"), (.charity, "12345"), (.charity, "123456-"),
            (.charity, "123456-1-1"), (.crn, "123456X"), (.prisonNumber, "G299UX"),
            (.pncID, "1979/163X"), (.pncID, "1979-163D"), (.pncID, "979/163D"), (.pncID, "1979/D"),
            (.pncID, "1979/12345678A"),
            (.forceCode, "3"), (.hospitalNumber, "  "), (.local, String(repeating: "x", count: 65)),
        ] as [(IdentifierType, String)])
    func `a wrong identifier fails, and the reason does not quote it`(_ type: IdentifierType, _ text: String) throws {
        guard case .failed(let reason) = type.normalise(text, in: .test) else {
            Issue.record("passed")
            return
        }
        #expect(text.count < 4 || !reason.contains(text))
    }

    @Test(arguments: ["UN1", "un5"])
    func `a code for having no pupil number means that there is none`(_ code: String) {
        #expect(UPN.normalise(code) == .absent)
    }

    @Test(arguments: IdentifierType.allCases)
    func `no type traps on odd texts`(_ type: IdentifierType) {
        for text in [
            "", " ", "/", "-", "1-", "\u{0}", "👩‍👩‍👧", "ZZ", String(repeating: "9", count: 10_000), "é\u{301}", "1/2/3",
        ] {
            _ = type.normalise(text, in: .production)
        }
    }
}

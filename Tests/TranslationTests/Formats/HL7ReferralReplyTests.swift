import Referral
import Testing
import Translation

@Suite struct HL7ReferralReplyTests {
    private let referral = """
        MSH|^~\\&|PAS|RTG|LACHUB|LAC|20261122093000||REF^I13^REF_I12|R1|P|2.4|||AL|AL||UNICODE UTF-8
        RF1|P|R|||O|REF|1
        PRD|RP|NURSE^TEST
        PID|1||9990000018^^^NHS^NH||SMITH^ANNE||19500102
        """.replacing("\n", with: "\r")

    private func reply(_ text: String, _ code: HL7Acknowledgement.Code, _ findings: [Finding] = []) throws -> HL7Message
    {
        let answer = HL7Acknowledgement(code, messageID: "H1", time: "20261122", text: "receipt x", findings: findings)
        let reply = HL7ReferralReply(answer, receipt: "x", organisation: "derby_lac")
        return try HL7Message.parse(reply.bytes(answering: try HL7Message.parse(Array(text.utf8))))
    }

    @Test func `it binds to the referral and says that it waits for the team`() throws {
        let reply = try reply(referral.replacing("REF|1", with: "^^REF|1"), .accept)
        #expect(reply.segments[0].field(9).whole == "RRI^I13^RRI_I12")
        #expect(reply.values("MSA-1") + reply.values("MSA-2") == ["AA", "R1"])
        #expect(reply.first("RF1-1") == "P" && reply.segments(named: "RF1")[0].field(6).whole == "^^REF")
        #expect(reply.segments(named: "PRD").map { $0.field(7).text } == ["RTG", "derby_lac"])
    }

    @Test func `a referral that was refused says why`() throws {
        let reply = try reply(referral, .error, [Finding(.missing, at: "person.name", "Is required")])
        #expect(reply.first("RF1-1") == "R")
        #expect(reply.values("NTE-3") == ["missing at person.name: Is required"])
    }

    @Test func `nothing in it is about the person`() throws {
        let reply = try reply(referral, .accept)
        let text = String(decoding: reply.raw, as: UTF8.self)
        for secret in ["9990000018", "SMITH", "ANNE", "1950", "NURSE"] { #expect(!text.contains(secret)) }
        #expect(reply.segments(named: "PID")[0].field(3).whole == "x^^^derby_lac^ANON")
    }

    @Test func `a referral without RF1 is bound by its message's id`() throws {
        let reply = try reply("MSH|^~\\&|PAS|RTG|||1||REF|R2|P|2.4", .accept)
        #expect(reply.first("RF1-6") == "R2" && reply.segments[0].field(9).whole == "RRI^I12^RRI_I12")
    }
}

import Disclosure
import Postgres
import Testing

@testable import CaseStore
@testable import Hub

@Suite struct ShareWordsTests {
    private func share(_ state: ShareState, reason: ReasonCode, failure: String?) -> Share {
        let request = ShareRequest(
            person: .v7(), recipient: "derby_homes", purpose: "housing_support", groups: ["NAME"],
            channel: "https_mtls",
            requestedBy: "staff/1")
        return Share(
            request: request, state: state, reason: reason.rawValue, released: [], failure: failure, attempts: 0)
    }

    @Test func `why a share was refused is told as to the person`() {
        let words = share(.refused, reason: .agreementRevoked, failure: nil).reasonsInWords
        #expect(words == ["As the person is told: “\(ReasonCode.agreementRevoked.explanation)”"])
        #expect(share(.refused, reason: .agreementRevoked, failure: "agreement_revoked").reasonsInWords == words)
    }

    @Test(arguments: ["agreement_withdrawn", "referral_withdrawn", "person_merged"])
    func `what stopped a share is not taken for what the person was told before`(_ failure: String) {
        for reason in [ReasonCode.permitted, .officerApprovalRequired] {
            #expect(share(.refused, reason: reason, failure: failure).reasonsInWords == [])
            #expect(share(.cancelled, reason: reason, failure: failure).reasonsInWords == [])
        }
        #expect(share(.refused, reason: .permitted, failure: "taken_back").reasonsInWords == ["It was taken back."])
    }
}

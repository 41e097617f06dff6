import Testing

@testable import Channels

@Suite struct MESHAuthorizationTests {
    /// The vector was made with NHS England's own `mesh-client`.
    @Test func `the header is the one that NHS England's client makes`() {
        let header = MESHAuthorization.header(
            mailbox: "DERBYLAC01", password: "password", sharedKey: "TestKey",
            nonce: "11111111-2222-3333-4444-555555555555", timestamp: "202611220930")
        #expect(
            header == "NHSMESH DERBYLAC01:11111111-2222-3333-4444-555555555555:0:202611220930:"
                + "0ed33d9458259b3bfdd8bd8944d5bf5d4696dc1c773acbde6f01ae1b6147061c")
    }

    @Test func `the password is proved and never sent`() {
        let header = MESHAuthorization.header(
            mailbox: "DERBYLAC01", password: "s3cret", sharedKey: "TestKey", nonce: "n", timestamp: "202611220930")
        #expect(!header.contains("s3cret"))
    }
}

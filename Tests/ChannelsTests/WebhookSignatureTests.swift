import Testing

@testable import Channels

@Suite struct WebhookSignatureTests {
    /// The example of the specification's reference implementations.
    @Test func `the signature is that of the standard`() throws {
        let signature = try WebhookSignature(secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let headers = signature.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8))
        #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(
            headers.map(\.value) == [
                "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ])
    }

    @Test(arguments: [
        "", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!", "whsec_c2hvcnQ=",
        "whsec_" + String(repeating: "A", count: 120),
    ])
    func `a secret of another form is refused and not repeated`(secret: String) {
        let error = #expect(throws: ChannelConfigurationError.self) { try WebhookSignature(secret: secret) }
        #expect(error?.setting == "signing_secret")
        if secret.count > 6 { #expect(error?.problem.contains(secret) == false) }
    }
}

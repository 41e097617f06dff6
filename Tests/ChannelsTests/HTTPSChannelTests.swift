import NIOCore
import NIOHTTP1
import Testing

@testable import Channels

/// The meaning of answers; how they travel is in `OutboundChannelTests`.
@Suite struct HTTPSChannelTests {
    private func outcome(_ status: Int, _ headers: HTTPHeaders = [:], _ body: String = "") -> DeliveryOutcome {
        HTTPSChannel.outcome(of: .init(status: status, headers: headers, body: ByteBuffer(string: body)), to: "share-1")
    }

    @Test func `2xx is delivered with the receiver's reference`() {
        #expect(outcome(201, ["Location": "/cases/7"]) == .delivered(reference: "/cases/7"))
        #expect(outcome(200, [:], #"{"reference":"DH-7"}"#) == .delivered(reference: "DH-7"))
        #expect(outcome(204) == .delivered(reference: "share-1"))
    }

    @Test(arguments: ["a b", "line\nbreak", String(repeating: "x", count: 201), ""])
    func `a reference that is not harmless is not kept`(reference: String) {
        #expect(outcome(200, ["Location": reference]) == .delivered(reference: "share-1"))
    }

    @Test(arguments: ["duplicate", "urn:lac:duplicate", "https://dh.example.org/problems/duplicate"])
    func `409 of type duplicate counts as delivered`(type: String) {
        #expect(outcome(409, [:], #"{"type":"\#(type)"}"#) == .duplicate(reference: nil))
    }

    @Test func `a receipt with status duplicate counts as delivered`() {
        #expect(outcome(200, [:], #"{"status":"duplicate","reference":"DH-7"}"#) == .duplicate(reference: "DH-7"))
    }

    @Test(arguments: [200, 202], ["rejected", "quarantined"])
    func `a receipt that says that nothing was taken is final`(status: Int, word: String) {
        let body = #"{"status":"\#(word)","reference":"DH-7","errors":[{"message":"Edna Jessop is unknown"}]}"#
        guard case .rejected("body_\(word)", let text) = outcome(status, [:], body) else {
            Issue.record("not rejected")
            return
        }
        #expect(!text.contains("Jessop"), "what the receiver wrote is not repeated")
    }

    @Test func `409 of any other type is refused`() {
        guard case .rejected("http_409", _) = outcome(409, [:], #"{"type":"conflict"}"#) else {
            Issue.record("not rejected")
            return
        }
    }

    @Test(arguments: [425, 429, 503])
    func `a receiver that is busy is tried again when it says`(status: Int) {
        guard case .retryable("http_\(status)", _, .seconds(7)) = outcome(status, ["Retry-After": "7"]) else {
            Issue.record("not retryable")
            return
        }
    }

    @Test(arguments: [425, 429])
    func `a receiver that took nothing is tried again when the queue says`(status: Int) {
        guard case .retryable("http_\(status)", _, nil) = outcome(status) else {
            Issue.record("not retryable")
            return
        }
    }

    @Test(arguments: [408, 500, 501, 502, 504, 511, 599], [[:], ["Retry-After": "7"]] as [HTTPHeaders])
    func `what a broken receiver did with the bytes is not known`(status: Int, headers: HTTPHeaders) {
        guard case .unknown("http_\(status)", _) = outcome(status, headers) else {
            Issue.record("not unknown")
            return
        }
    }

    @Test(arguments: [[:], ["Retry-After": "soon"]] as [HTTPHeaders])
    func `503 that does not say when to come again is not known to have refused`(headers: HTTPHeaders) {
        guard case .unknown("http_503", _) = outcome(503, headers) else {
            Issue.record("not unknown")
            return
        }
    }

    @Test(arguments: [301, 302, 307, 308])
    func `a redirect is never followed`(status: Int) {
        guard case .rejected("redirected", _) = outcome(status, ["Location": "https://elsewhere.example.org/"]) else {
            Issue.record("not rejected")
            return
        }
    }

    @Test(arguments: [400, 401, 403, 404, 413, 415, 422])
    func `any other refusal is final`(status: Int) {
        guard case .rejected("http_\(status)", let text) = outcome(status, [:], #"{"title":"Edna Jessop is unknown"}"#)
        else {
            Issue.record("not rejected")
            return
        }
        #expect(!text.contains("Jessop"), "what the receiver wrote is not repeated")
    }

    @Test(arguments: [
        "http://housing.example.org/v1", "ftp://127.0.0.1/", "housing", "", "https://",
        "https://user:pw@dh.example.org/",
    ])
    func `an address that would carry data in clear is refused`(url: String) {
        #expect(throws: ChannelConfigurationError.self) {
            try HTTPSChannel(configuration: .init(url: url, insecureLoopbackAllowed: true))
        }
    }

    @Test func `http on this machine needs a word in the configuration`() async throws {
        #expect(throws: ChannelConfigurationError.self) {
            try HTTPSChannel(configuration: .init(url: "http://127.0.0.1:1/"))
        }
        try await HTTPSChannel(configuration: .init(url: "http://127.0.0.1:1/", insecureLoopbackAllowed: true))
            .shutdown()
    }

    @Test func `a certificate file that is not there is found at once`() {
        let error = #expect(throws: ChannelConfigurationError.self) {
            try HTTPSChannel(
                configuration: .init(
                    url: "https://dh.example.org/", tls: .init(certificateAuthority: "/nowhere/ca.pem")))
        }
        #expect(error?.setting == "tls.ca")
    }
}

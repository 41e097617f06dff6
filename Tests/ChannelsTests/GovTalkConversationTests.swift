import Testing
import Translation

@testable import Channels

/// What is kept of a conversation with a GovTalk gateway, so that it goes on after a restart.
@Suite struct GovTalkConversationTests {
    private static let url = "https://Gateway.example.org/submission"

    private func begun(correlation: String = "0A", _ endpoint: String) throws -> GovTalkConversation? {
        let text = """
            <GovTalkMessage xmlns="http://www.govtalk.gov.uk/CM/envelope"><Header><MessageDetails><Class>C</Class>
            <Qualifier>acknowledgement</Qualifier><Function>submit</Function><CorrelationID>\(correlation)</CorrelationID>
            \(endpoint)</MessageDetails></Header></GovTalkMessage>
            """
        return GovTalkConversation(try GovTalkAnswer(Array(text.utf8)), configured: Self.url)
    }

    @Test(arguments: [
        ("", "0A;0;", url),
        (
            #"<ResponseEndPoint PollInterval="15">https://gateway.example.org:443/poll?a=1</ResponseEndPoint>"#,
            "0A;15;/poll?a=1", "https://gateway.example.org:443/poll?a=1"
        ),
        (
            #"<ResponseEndPoint PollInterval="-3">https://gateway.example.org/submission</ResponseEndPoint>"#,
            "0A;0;/submission", "https://gateway.example.org:443/submission"
        ),
        // Another server, or something else than a server, is not gone to.
        (#"<ResponseEndPoint PollInterval="15">https://elsewhere.example.org/poll</ResponseEndPoint>"#, "0A;15;", url),
        ("<ResponseEndPoint>https://gateway.example.org:8443/poll</ResponseEndPoint>", "0A;0;", url),
        ("<ResponseEndPoint>http://gateway.example.org/poll</ResponseEndPoint>", "0A;0;", url),
        ("<ResponseEndPoint>https://gateway.example.org@169.254.169.254/</ResponseEndPoint>", "0A;0;", url),
        ("<ResponseEndPoint>https://gateway.example.org/a;b</ResponseEndPoint>", "0A;0;", url),
        ("<ResponseEndPoint>file:///etc/passwd</ResponseEndPoint>", "0A;0;", url),
    ])
    func `what the gateway says is kept, and read again`(endpoint: String, reference: String, address: String) throws {
        let conversation = try #require(try begun(endpoint))
        #expect(conversation.reference == reference)
        let again = try #require(GovTalkConversation(reference: reference))
        #expect(again == conversation && again.address(configured: Self.url) == address)
    }

    @Test func `without a correlation id there is no conversation`() throws {
        #expect(try begun(correlation: "", "") == nil)
        for reference in ["", "0A", ";0;", "0A;x;", "0A;-1;", "0A;0", "0A;0;/a;b"] {
            #expect(GovTalkConversation(reference: reference) == nil)
        }
    }
}

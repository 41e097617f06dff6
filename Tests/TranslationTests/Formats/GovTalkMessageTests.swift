import Referral
import Testing

@testable import Translation

struct GovTalkMessageTests {
    private func opened(_ inner: String) throws -> XMLNode? {
        let text = "<GovTalkMessage xmlns='http://www.govtalk.gov.uk/CM/envelope'>\(inner)</GovTalkMessage>"
        return GovTalkMessage.opened(try XMLDocument.parse(Array(text.utf8)))
    }

    @Test func `the content comes out with the envelope's header in it`() throws {
        let content = try opened(
            "<Header><MessageDetails><TransactionID> T1 </TransactionID></MessageDetails></Header><Body> <a xmlns=''>x</a></Body>"
        )
        #expect(content?.name == "a")
        #expect(content?.text == "x")
        #expect(content?.children.map(\.name) == ["govtalk"])
        #expect(content.flatMap(GovTalkMessage.transactionID(of:)) == "T1")
    }

    @Test(arguments: ["", "<Body/>", "<Body>text</Body>", "<Header/>"])
    func `an envelope with nothing in it is left alone`(
        _ inner: String
    ) throws {
        #expect(try opened(inner) == nil)
    }

    @Test func `a document of another namespace is left alone`() throws {
        #expect(
            GovTalkMessage.opened(
                try XMLDocument.parse(Array("<GovTalkMessage><Body><a/></Body></GovTalkMessage>".utf8))) == nil)
    }
}

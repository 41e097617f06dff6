import Referral
import Testing

@testable import Translation

struct JSONDocumentTests {
    @Test(
        arguments: [
            (["type": "referral"], "referral"), (["eventType": "a.b", "type": "x"], "a.b"),
            (["header": ["ppn_ref": "1"]], "PPN"),
            (["ppn": ["header": ["ppn_ref": "1"]]], "PPN"), (["type": 5], nil), ([:], nil), ([], nil), (nil, nil),
        ] as [(Value, String?)]) func `a document says its type`(_ document: Value, _ type: String?)
    {
        #expect(JSONDocument.type(of: document) == type)
    }
}

import Testing
import Translation

struct XMLNodeTests {
    private let node = XMLNode(
        "person", attributes: [.init("role", "subject"), .init("role", namespace: "urn:x", "other")],
        content: [
            .text("a "), .element(XMLNode("name", content: [.element(XMLNode("family", text: "SMITH"))])), .text(" b"),
            .element(XMLNode("phone", namespace: "urn:x", text: "1")), .element(XMLNode("phone", text: "2")),
        ])

    @Test func `children are found by local name in order`() {
        #expect(node.children.map(\.name) == ["name", "phone", "phone"])
        #expect(node.children(named: "phone").map(\.text) == ["1", "2"])
        #expect(node.child(named: "phone")?.text == "1")
        #expect(node.child(named: "email") == nil)
    }

    @Test func `text is the element's own and allText everything's`() {
        #expect(node.text == "a  b")
        #expect(node.allText == "a SMITH b12")
    }

    @Test func `an attribute is found by local name`() {
        #expect(node.attribute("role") == "subject")
        #expect(node.attribute("none") == nil)
    }
}

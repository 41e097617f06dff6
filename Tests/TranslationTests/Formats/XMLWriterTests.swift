import Testing
import Translation

struct XMLWriterTests {
    private func text(_ node: XMLNode, pretty: Bool = false) -> String {
        String(decoding: XMLWriter.write(node, pretty: pretty), as: UTF8.self)
    }

    private let declaration = #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"

    @Test func `text and attributes are escaped`() {
        let node = XMLNode("a", attributes: [.init("b", "\"<>&'\n\t\r")], content: [.text("<>&\"'\r\n\u{1}é😀")])
        #expect(text(node) == declaration + "<a b=\"&quot;&lt;&gt;&amp;'&#10;&#9;&#13;\">&lt;&gt;&amp;\"'&#13;\né😀</a>")
    }

    @Test func `namespaces are declared where they change`() {
        let node = XMLNode(
            "a", namespace: "urn:1", attributes: [.init("x", namespace: "urn:2", "v")],
            content: [.element(XMLNode("b", namespace: "urn:1")), .element(XMLNode("c"))])
        #expect(
            text(node) == declaration
                + #"<a xmlns="urn:1" xmlns:a0="urn:2" a0:x="v"><b/><c xmlns=""/></a>"#)
    }

    @Test func `pretty writing indents elements and leaves text alone`() {
        let node = XMLNode(
            "a",
            content: [
                .element(XMLNode("b", text: "x")),
                .element(XMLNode("c", content: [.text("m "), .element(XMLNode("d"))])),
            ])
        #expect(text(node, pretty: true) == declaration + "<a>\n  <b>x</b>\n  <c>m <d/></c>\n</a>\n")
    }

    @Test(arguments: [("", "_"), ("1a", "_a"), ("a b", "a_b"), ("a>b", "a_b"), ("é-1.x_", "é-1.x_"), ("x:y", "x_y")])
    func `names are made good`(name: String, written: String) {
        #expect(text(XMLNode(name)) == declaration + "<\(written)/>")
        #expect(XMLWriter.isName(name) == (name == written))
    }

    @Test func `what is written is read back`() throws {
        let node = XMLNode(
            "a", namespace: "urn:1",
            attributes: [
                .init("b", " x\n\"y\" "), .init("lang", namespace: "http://www.w3.org/XML/1998/namespace", "cy"),
            ],
            content: [.text("\r\n ]]> &amp; "), .element(XMLNode("c", namespace: "urn:2", text: "é")), .text("z")])
        #expect(try XMLDocument.parse(XMLWriter.write(node)) == node)
    }
}

import Referral
import TestSupport
import Testing
import Translation

struct XMLDocumentTests {
    private func parse(_ text: String) throws -> XMLNode { try XMLDocument.parse(Array(text.utf8)) }

    private func refusal(_ bytes: [UInt8], limits: Limits = .xml) -> DocumentError? {
        do {
            _ = try XMLDocument.parse(bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    private func refusal(_ text: String) -> DocumentError? { refusal(Array(text.utf8)) }

    @Test func `elements, attributes, text and namespaces keep their order`() throws {
        let root = try parse(
            #"<?xml version="1.0"?><!-- c --><p:a xmlns:p="urn:p" xmlns="urn:d" z="1" p:y="&lt;2&#233;">one<b> two </b><?pi x?>three<!-- c --> four</p:a>"#
        )
        #expect(
            root
                == XMLNode(
                    "a", namespace: "urn:p",
                    attributes: [.init("z", "1"), .init("y", namespace: "urn:p", "<2é")],
                    content: [
                        .text("one"), .element(XMLNode("b", namespace: "urn:d", text: " two ")), .text("three four"),
                    ]))
    }

    @Test func `the five entities, character references and CDATA are text`() throws {
        #expect(try parse("<a>&lt;&gt;&amp;&apos;&quot;&#xE9;&#128512;<![CDATA[<&amp;]]></a>").text == "<>&'\"é😀<&amp;")
        #expect(try parse("<a b='&amp;amp;&#38;lt;&#10;x'/>").attribute("b") == "&amp;&lt;\nx")
    }

    @Test func `white space between elements is kept`() throws {
        #expect(try parse("<a>\n  <b/>\n</a>").text == "\n  \n")
    }

    @Test(
        arguments: [
            "<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM \"http://192.0.2.1/x.dtd\"><a/>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
            "<!DOCTYPE a [<!ENTITY % p SYSTEM \"file:///etc/passwd\"> %p;]><a/>",
            "<!DOCTYPE a [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;&l;&l;\"><!ENTITY n \"&m;&m;&m;&m;\">]><a>&n;</a>",
            "<?xml version='1.0' encoding='ISO-8859-1'?><!DOCTYPE a><a/>", "<!DOCTYPE a [",
        ])
    func `a document type declaration is refused by name`(text: String) {
        let error = refusal(text)
        #expect(error?.code == .notParseable)
        #expect(error?.text.contains("DTD") == true)
    }

    @Test(
        arguments: [
            "<a>", "<a></b>", "<a/><b/>", "x<a/>", "<a/>x", "<a b=1/>", "<a b='1' b='2'/>", "<a>&nbsp;</a>",
            "<a>&x</a>", "<a><</a>",
            "<a b='<'/>", "<a>&#0;</a>", "<a>\u{1}</a>", "<?xml version='1.0'?>", "<1/>", "<a>]]></a>", "{}",
            "<a><!-- -- --></a>",
            "<a><![CDATA[</a>",
        ])
    func `what is not well formed is refused`(text: String) {
        #expect(refusal(text)?.code == .notParseable)
    }

    @Test func `an error gives the line and never quotes the document`() throws {
        let error = try #require(refusal("<person>\n<family>SMITH</family>\n<given>ANNE</giv3n>\n</person>"))
        #expect(error.path == "line 3")
        #expect(!error.description.contains("ANNE") && !error.description.contains("giv"))
    }

    @Test(arguments: ["", " ", "\n"])
    func `nothing is refused`(text: String) {
        #expect(refusal(text)?.code == .notParseable)
    }

    @Test(
        arguments: [
            ("utf-8", [0xC3, 0xA9]), ("UTF-8", [0xC3, 0xA9]), ("ISO-8859-1", [0xE9]), ("iso-8859-1", [0xE9]),
            ("Windows-1252", [0xE9]),
        ] as [(String, [UInt8])])
    func `a declared encoding is read`(name: String, letter: [UInt8]) throws {
        let bytes =
            Array("<?xml version='1.0' encoding='\(name)'?>\n<a b='".utf8) + letter + Array("'>".utf8) + letter
            + Array("</a>".utf8)
        let root = try XMLDocument.parse(bytes)
        #expect(root.text == "é" && root.attribute("b") == "é")
    }

    @Test func `Windows quotation marks and UTF-16 are read`() throws {
        let windows =
            Array(#"<?xml version="1.0" encoding="windows-1252"?><a>"#.utf8) + [0x93, 0x80, 0x94] + Array("</a>".utf8)
        #expect(try XMLDocument.parse(windows).text == "“€”")
        let wide: [UInt8] =
            [0xFF, 0xFE] + "<a>é</a>".utf16.flatMap { unit -> [UInt8] in [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
        #expect(try XMLDocument.parse(wide).text == "é")
        #expect(try XMLDocument.parse(Array(wide.dropFirst(2))).text == "é")
        #expect(refusal(Array(wide.dropLast()))?.code == .encoding)
        #expect(try parse("<?xml version='1.0' encoding='utf-16'?><a>é</a>").text == "é")
        #expect(try XMLDocument.parse([0xEF, 0xBB, 0xBF] + Array("<a>é</a>".utf8)).text == "é")
    }

    @Test func `bytes that are not in the declared encoding are refused as such`() {
        #expect(refusal(Array("<a>".utf8) + [0xE9] + Array("</a>".utf8))?.code == .encoding)
        #expect(refusal("<?xml version='1.0' encoding='EBCDIC-CP-FR'?><a/>")?.code == .encoding)
    }

    @Test func `undeclared prefixes are forgiven`() throws {
        let root = try parse("<x:a y:b='1'><c/></x:a>")
        #expect(root.children.map(\.name) == ["c"])
    }

    @Test func `limits on depth, elements and bytes are kept`() {
        let deep = String(repeating: "<a>", count: 100_000)
        #expect(refusal(deep)?.text == "the document is nested deeper than 256 levels")
        #expect(refusal(String(repeating: "<a>", count: 256) + String(repeating: "</a>", count: 256)) == nil)
        #expect(refusal(Array("<a><b/><c/></a>".utf8), limits: Limits(nodes: 2))?.code == .tooLarge)
        #expect(refusal(Array("<a b='1' c='2'/>".utf8), limits: Limits(nodes: 2))?.code == .tooLarge)
        #expect(refusal(Array("<a/>".utf8), limits: Limits(bytes: 3))?.code == .tooLarge)
    }

    @Test func `very many attributes or namespaces are refused before they cost minutes`() {
        let attributes = (0..<200_000).map { "a\($0)=''" }.joined(separator: " ")
        #expect(refusal("<a \(attributes)/>")?.code == .tooLarge)
        #expect(refusal("<!-- \" --><b><![CDATA[ ' ]]><?p ' ?><a \(attributes)/></b>")?.code == .tooLarge)
        let namespaces = (0..<300).map { "xmlns:a\($0)='u'" }.joined(separator: " ")
        #expect(refusal("<a \(namespaces)/>") == nil)
        #expect(refusal("<a \(namespaces)><b \(namespaces)/></a>")?.code == .tooLarge)
        #expect(refusal("<a>" + String(repeating: "<b \(namespaces)/>", count: 9) + "</a>") == nil)
        #expect(refusal("<a>\(String(repeating: "=", count: 1000))</a>") == nil)
    }

    @Test func `a text longer than libxml2's own limit is read`() throws {
        let text = String(repeating: "QUJD", count: 2_750_000)
        let root = try parse("<a><b>\(text)</b></a>")
        #expect(root.child(named: "b")?.text.utf8.count == 11_000_000)
    }

    private let sample =
        #"<?xml version="1.0" encoding="UTF-8"?><ppn xmlns:x="urn:x"><header a="1&amp;2"><ppn_ref>A&#233;1</ppn_ref></header><!-- c --><x:kind><![CDATA[z]]></x:kind></ppn>"#

    @Test func `a document cut off anywhere is refused`() {
        for bytes in Hostile.truncations(of: sample) {
            #expect(refusal(bytes)?.code == .notParseable, "after \(bytes.count) bytes")
        }
    }

    @Test func `noise and damaged documents are read or refused and what is read survives writing`() throws {
        let noise = Hostile.noise(alphabet: "<>/=\"'&;#!?-[]abCDATAxmlns: \n", count: 2000, seed: 5)
        for bytes in noise + Hostile.mutations(of: sample, count: 1500, seed: 6) {
            guard let root = try? XMLDocument.parse(bytes) else { continue }
            #expect(throws: Never.self) { try XMLDocument.parse(XMLWriter.write(root)) }
        }
    }

    @Test func `many threads read at once`() async throws {
        let bytes = Array(sample.utf8)
        let broken = Array(bytes.dropLast(3))
        let whole = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<200 {
                group.addTask { (try? XMLDocument.parse(index.isMultiple(of: 2) ? bytes : broken)) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(whole == 100)
    }
}

import Testing

@testable import Translation

struct XMLTagsTests {
    @Test(
        arguments: [
            ("", 0), ("<a/>", 0), ("<a b='1' c=\"2\"/>", 2), ("<a b='='>x=y=z</a>", 1),
            ("<a b='>' c='<' d=''/><e f=''/>", 3),
            ("<!-- a=1 b=2 ' --><a b=''/>", 1), ("<![CDATA[<x a= b= \"]]><a b=''/>", 1), ("<?p a=1 b=2 '?><a/>", 0),
            ("<a b=", 1),
            ("<!-- a=", 0), ("<", 0),
        ])
    func `the attributes of the tag that has most are counted`(text: String, count: Int) {
        #expect(XMLTags.mostAttributes(in: Array(text.utf8)) == count)
    }

    @Test(arguments: [
        ("<a b='c'>x</a>", "<a b='c'"), ("<?xml?><!-- <x> -->\n<a/>", "<a/"), ("", ""), ("<!--", ""), ("text", ""),
        ("<", "<"),
    ]) func `the root's start tag is found behind instructions and comments`(text: String, tag: String) {
        #expect(XMLTags.root(in: Array(text.utf8)[...]) == tag)
    }
}

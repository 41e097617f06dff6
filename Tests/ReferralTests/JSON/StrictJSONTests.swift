import Referral
import TestSupport
import Testing

struct StrictJSONTests {
    private func parse(_ text: String, limits: Limits = .default) throws -> Value {
        try StrictJSON.parse(Array(text.utf8), limits: limits)
    }

    private func refusal(_ bytes: [UInt8], limits: Limits = .default) -> DocumentError? {
        do {
            _ = try StrictJSON.parse(bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    private func refusal(_ text: String) -> DocumentError? { refusal(Array(text.utf8)) }

    @Test func `every kind of value is read and members keep their order`() throws {
        let value = try parse(#" {"b":[1,-2.50e+3,true,false,null,"x"],"a":{}} "# + "\r\n\t")
        #expect(value == ["b": [.number("1"), .number("-2.50e+3"), true, false, nil, "x"], "a": [:]])
        #expect(value.objectValue?.keys == ["b", "a"])
    }

    @Test(arguments: ["0", "-0", "10", "0.10", "1E5", "1e-05", "123456789012345678901234567890.5"])
    func `a number keeps its text`(number: String) throws {
        #expect(try parse(number) == .number(number))
    }

    @Test(
        arguments: [
            "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN", "Infinity", "-a", "1 2", "--1",
            "tru", "True", "nul", "'a'", "[1,]", "[,1]", "[1", "{", "{}}", "]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
            "{a:1}",
            "{\"a\" 1}", "{1:1}", "// x\n1", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"a\nb\"", "\"a\tb\"",
            "\u{0}", "[1]x",
        ])
    func `what RFC 8259 does not allow is refused`(text: String) {
        #expect(refusal(text)?.code == .notParseable)
    }

    @Test func `escapes become the characters they stand for`() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00x""#) == "\"\\/\u{8}\u{C}\n\r\té😀x")
        #expect(try parse("\"é😀\"") == "é😀")
    }

    @Test(arguments: [
        #""\ud83d""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\u0041""#, #""\ude00""#, #""\ude00\ud83d""#,
    ])
    func `half of a surrogate pair is refused`(text: String) {
        #expect(refusal(text)?.code == .notParseable)
    }

    @Test(
        arguments: [
            #"{"a":1,"a":1}"#, #"{"p":{"q":[{"sex":"F","x":1,"sex":"M"}]}}"#, #"{"a":1,"\u0061":2}"#,
            #"{"\u00e9":1,"e\u0301":2}"#,
        ])
    func `two members of one name are refused at any depth`(text: String) throws {
        let error = try #require(refusal(text))
        #expect(error.code == .notParseable)
        #expect(error.text == "the object has two members of this name")
    }

    @Test func `two members of one name are found among very many`() {
        let members = (0..<5000).map { "\"k\($0)\":0" } + ["\"k4321\":0"]
        #expect(refusal("{\(members.joined(separator: ","))}")?.text == "the object has two members of this name")
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":["])
    func `a hundred thousand levels are refused and nothing overflows`(opening: String) {
        let error = refusal(String(repeating: opening, count: 100_000))
        #expect(error?.code == .notParseable)
        #expect(error?.text == "the document is nested deeper than 64 levels")
    }

    @Test func `no setting lifts the depth beyond what the stack bears`() {
        let deep = Array((String(repeating: "[", count: 300) + String(repeating: "]", count: 300)).utf8)
        #expect(refusal(deep, limits: Limits(depth: 1_000_000))?.code == .notParseable)
        #expect(refusal(Array(deep[44..<556]), limits: Limits(depth: 1_000_000)) == nil)
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], [0xFE, 0xFF, 0, 0x31],
        ] as [[UInt8]])
    func `bytes that are not UTF-8 are refused as such`(bytes: [UInt8]) {
        #expect(refusal(bytes)?.code == .encoding)
    }

    @Test func `a byte order mark is refused unless a file may have one`() throws {
        let marked: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("{}".utf8)
        #expect(refusal(marked)?.code == .encoding)
        #expect(try StrictJSON.parse(marked, byteOrderMark: .allowed) == [:])
    }

    @Test func `limits on bytes and values are kept`() {
        #expect(refusal(Array("[1,2]".utf8), limits: Limits(bytes: 4))?.code == .tooLarge)
        #expect(refusal(Array("[1,2]".utf8), limits: Limits(nodes: 2))?.code == .tooLarge)
        #expect(refusal(Array("[1,2]".utf8), limits: Limits(bytes: 5, nodes: 3)) == nil)
    }

    @Test(arguments: ["", " ", "\n\t "])
    func `nothing is refused as an empty document`(text: String) {
        #expect(refusal(text)?.text == "the document is empty")
    }

    @Test func `an error gives line and column and never quotes the document`() throws {
        let error = try #require(refusal("{\n  \"given\": \"Anne\",\n  \"given\": \"Bea\"}"))
        #expect(error.path == "line 3, column 3")
        #expect(!error.description.contains("Bea") && !error.description.contains("given"))
    }

    private let sample = #"{"message_id":"A-1","person":{"given":"Zo\u00eb 😀","dob":null,"n":[1.5e3,true]},"risks":[]}"#

    @Test func `a document cut off anywhere is refused`() {
        for bytes in Hostile.truncations(of: sample) {
            let code = refusal(bytes)?.code
            #expect(code == .notParseable || code == .encoding, "after \(bytes.count) bytes")
        }
    }

    @Test func `noise and damaged documents are read or refused and what is read survives writing`() throws {
        let noise = Hostile.noise(alphabet: #"{}[]":,\u0d8-1.eE tfn"#, count: 1500, seed: 1)
        for bytes in noise + Hostile.mutations(of: sample, count: 1500, seed: 2) {
            guard let value = try? StrictJSON.parse(bytes) else { continue }
            #expect(try StrictJSON.parse(StrictJSON.write(value)) == value)
        }
    }

    @Test func `writing escapes what must be and nothing else`() {
        let value: Value = ["z": "\"\\/\n\r\t\u{1}é😀", "a": [.number("1.50"), nil, true, [:], []]]
        #expect(
            String(decoding: StrictJSON.write(value), as: UTF8.self)
                == #"{"z":"\"\\/\n\r\t\u0001é😀","a":[1.50,null,true,{},[]]}"#)
    }

    @Test func `pretty writing puts each member on a line`() {
        #expect(
            String(decoding: StrictJSON.write(["a": [1, [:]], "b": "x"], pretty: true), as: UTF8.self) == """
                {
                  "a": [
                    1,
                    {}
                  ],
                  "b": "x"
                }

                """)
    }

    @Test(arguments: ["007", "", "1 ", "1,5", "-", "0x10", "1e"])
    func `a number that JSON cannot write is written as a string`(text: String) {
        #expect(String(decoding: StrictJSON.write(.number(text)), as: UTF8.self) == "\"\(text)\"")
    }
}

import Foundation
import Testing

@testable import Hub

@Suite struct Base64URLTests {
    @Test func `what it writes it reads again, and it is Base64 with the two other characters and without padding`() {
        for length in 0..<200 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 151 + length * 7) }
            let text = Base64URL.text(bytes)
            let standard = Data(bytes).base64EncodedString().split(separator: "=").first.map(String.init) ?? ""
            #expect(text == standard.replacing("+", with: "-").replacing("/", with: "_"))
            #expect(Base64URL.bytes(text[...]) == bytes)
        }
        #expect(Base64URL.text([0xFB, 0xFF, 0xBF]) == "-_-_")
    }

    @Test(arguments: [
        "A", "AAAAA", "AA==", "AA=", "AB", "AAB", "-_-+", "-_-/", "AA A", "AAAA\n", "AAA\u{E9}", "AAA\u{0}",
        "\u{FF21}AAA",
    ])
    func `nothing else is read`(text: String) {
        #expect(Base64URL.bytes(text[...]) == nil)
    }
}

import Testing
import Translation

@Suite struct HL7AnswerModeTests {
    private func mode(_ fields: String) -> HL7AnswerMode {
        HL7AnswerMode(
            HL7Message.header(ofMessage: Array("MSH|^~\\&|A|B|C|D|1||ADT^A28|1|P|2.4|||\(fields)\rPID|1".utf8)))
    }

    @Test func `without MSH-15 and MSH-16 a message is answered once`() {
        #expect(mode("") == .original)
        #expect(mode("|") == .original)
        #expect(mode("| |GBR") == .original)
        #expect(HL7AnswerMode(nil) == .original)
    }

    @Test func `each says when its answer is wanted, and an empty one that it is not`() {
        #expect(mode("AL|NE") == .enhanced(commit: .always, application: .never))
        #expect(mode("er|su") == .enhanced(commit: .onError, application: .onSuccess))
        #expect(mode("|AL") == .enhanced(commit: .never, application: .always))
        #expect(mode("XX|") == .enhanced(commit: .always, application: .never))
    }

    @Test func `a wish is met by success, by error, by both or by neither`() {
        let wishes: [HL7AnswerMode.Wish] = [.always, .never, .onError, .onSuccess]
        #expect(wishes.map { $0.wants(success: true) } == [true, false, false, true])
        #expect(wishes.map { $0.wants(success: false) } == [true, false, true, false])
    }
}

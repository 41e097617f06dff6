import Testing
import Translation

@testable import Channels

/// What the frames that follow a message mean for it.
@Suite struct MLLPExchangeTests {
    private func exchange(_ ask: String = "|", sufficient: MLLPChannel.Answer = .application) throws -> MLLPExchange {
        try #require(MLLPExchange(HL7Sample.message("M1", ask: ask), sufficient: sufficient))
    }

    private func answer(_ code: String, to id: String = "M1") -> MLLPReader.Event {
        .message(HL7Sample.acknowledgement(code, to: id))
    }

    @Test func `AA is delivered, by the id under which the message was sent`() throws {
        var exchange = try exchange()
        #expect(exchange.take(answer("AA")) == .ended(.delivered(reference: "M1")))
    }

    @Test(arguments: ["AE", "CE"]) func `an error is final`(code: String) throws {
        var exchange = try exchange()
        guard case .ended(.rejected("hl7_\(code.lowercased())", _)) = exchange.take(answer(code)) else {
            Issue.record("not rejected")
            return
        }
    }

    @Test(arguments: ["AR", "CR"]) func `a reject is tried again`(code: String) throws {
        var exchange = try exchange()
        guard case .ended(.retryable("hl7_\(code.lowercased())", _, nil)) = exchange.take(answer(code)) else {
            Issue.record("not retryable")
            return
        }
    }

    @Test func `an answer to another message is no answer to this one`() throws {
        var exchange = try exchange()
        #expect(exchange.take(answer("AA", to: "M0")) == .waiting)
        #expect(exchange.take(answer("AE", to: "M11")) == .waiting)
        #expect(exchange.take(answer("AA", to: "")) == .waiting)
        guard case .unknown("answer_mismatch", _) = exchange.late() else {
            Issue.record("not told apart")
            return
        }
        #expect(exchange.take(answer("AA")) == .ended(.delivered(reference: "M1")))
    }

    @Test(arguments: [
        "hello", "", "MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.4\r", "MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.4\rMSA|ZZ|M1\r",
    ])
    func `what is no acknowledgement is none`(text: String) throws {
        var exchange = try exchange()
        #expect(exchange.take(.message(Array(text.utf8))) == .waiting)
        guard case .unknown("answer_unreadable", _) = exchange.late() else {
            Issue.record("not told apart")
            return
        }
    }

    @Test func `answers without end are not waited through`() throws {
        var exchange = try exchange()
        for _ in 0..<MLLPExchange.mostStrays { #expect(exchange.take(answer("AA", to: "M0")) == .waiting) }
        guard case .ended(.unknown("answer_mismatch", _)) = exchange.take(answer("AA", to: "M0")) else {
            Issue.record("still waiting")
            return
        }
    }

    @Test func `silence is unknown`() throws {
        let exchange = try exchange()
        guard case .unknown("answer_timeout", _) = exchange.late(),
            case .unknown("connection_lost", _) = exchange.cutOff()
        else {
            Issue.record("not unknown")
            return
        }
    }

    // MARK: Enhanced mode

    @Test func `after the commit answer the application's decides`() throws {
        var exchange = try exchange("AL|AL")
        #expect(exchange.take(answer("CA")) == .committed)
        #expect(exchange.take(answer("AA")) == .ended(.delivered(reference: "M1")))
        guard case .ended(.rejected("hl7_ae", _)) = exchange.take(answer("AE")) else {
            Issue.record("not rejected")
            return
        }
    }

    @Test func `a commit answer alone is not delivered unless that is agreed`() throws {
        var strict = try exchange("AL|AL")
        #expect(strict.take(answer("CA")) == .committed)
        guard case .unknown("application_answer_timeout", _) = strict.late(),
            case .unknown("connection_lost", _) = strict.cutOff()
        else {
            Issue.record("not unknown")
            return
        }
        var lenient = try exchange("AL|AL", sufficient: .commit)
        guard case .unknown = lenient.late() else {
            Issue.record("delivered before the commit answer")
            return
        }
        #expect(lenient.take(answer("CA")) == .committed)
        #expect(lenient.late() == .delivered(reference: "M1") && lenient.cutOff() == .delivered(reference: "M1"))
    }

    @Test(arguments: ["AL|NE", "AL|ER", "AL|"]) func `where the application need not answer, CA is delivered`(
        ask: String
    ) throws {
        var exchange = try exchange(ask)
        #expect(exchange.take(answer("CA")) == .ended(.delivered(reference: "M1")))
    }

    @Test func `the same commit answer twice gives no more time`() throws {
        var exchange = try exchange("AL|AL")
        #expect(exchange.take(answer("CA")) == .committed)
        #expect(exchange.take(answer("CA")) == .waiting)
    }

    // MARK: What can be sent

    @Test(arguments: [
        "", "{}", "MSH|^~\\&|A|B|C|D|1||REF^I12||P|2.4\r", "MSH|^~\\&|A|B|C|D|1||REF^I12|M1|P|2.4\rNTE|1||\u{1C}\r",
    ])
    func `what has no id, or would end its own frame, is not sent`(text: String) {
        #expect(MLLPExchange(Array(text.utf8), sufficient: .application) == nil)
    }
}

/// HL7 v2 messages of tests.
enum HL7Sample {
    static func message(_ id: String, ask: String = "|") -> [UInt8] {
        Array(
            (#"MSH|^~\&|LACHUB|DERBYLAC|PAS|RTG|20261122093000+0000||REF^I12^REF_I12|\#(id)|P|2.4|||\#(ask)|GBR"#
                + "\rPID|1||9990000018^^^NHS^NH||TESTER^ANNE\r").utf8)
    }

    static func acknowledgement(_ code: String, to id: String) -> [UInt8] {
        Array(
            #"MSH|^~\&|PAS|RTG|LACHUB|DERBYLAC|20261122093001+0000||ACK^I12^ACK|A1|P|2.4\#rMSA|\#(code)|\#(id)\#r"#.utf8
        )
    }
}

import Referral
import Testing

@testable import Translation

/// The GovTalk envelope 2.0, as we write it and as we read a gateway's answers.
@Suite struct GovTalkTests {
    private let sender = GovTalkRequest.Sender(id: "LAC<1>", password: "p&w")

    private func text(_ step: GovTalkRequest.Step) -> String {
        String(decoding: GovTalkRequest(step, class: "LAC-JCP").bytes, as: UTF8.self)
    }

    @Test func `a submission has everything in the order of the schema`() {
        let document = XMLNode(
            "A", namespace: "urn:a", content: [.element(XMLNode("B", namespace: "urn:a", text: "x"))])
        #expect(
            text(.submit(document, transactionID: "0199", sender: sender))
                == #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"
                + #"<GovTalkMessage xmlns="http://www.govtalk.gov.uk/CM/envelope"><EnvelopeVersion>2.0</EnvelopeVersion>"#
                + "<Header><MessageDetails><Class>LAC-JCP</Class><Qualifier>request</Qualifier><Function>submit</Function>"
                + "<TransactionID>0199</TransactionID><CorrelationID/><Transformation>XML</Transformation></MessageDetails>"
                + "<SenderDetails><IDAuthentication><SenderID>LAC&lt;1&gt;</SenderID><Authentication>"
                + "<Method>clear</Method><Value>p&amp;w</Value></Authentication></IDAuthentication></SenderDetails></Header>"
                + #"<GovTalkDetails><Keys/></GovTalkDetails><Body><A xmlns="urn:a"><B>x</B></A></Body></GovTalkMessage>"#
        )
    }

    @Test func `a poll and a deletion name the conversation and no secret`() {
        for (step, words) in [
            (GovTalkRequest.Step.poll(correlationID: "AB12"), "<Qualifier>poll</Qualifier><Function>submit</Function>"),
            (.delete(correlationID: "AB12"), "<Qualifier>request</Qualifier><Function>delete</Function>"),
        ] {
            let text = text(step)
            #expect(text.contains(words + "<CorrelationID>AB12</CorrelationID>"))
            #expect(text.contains("<SenderDetails/>") && text.contains("<Body/>") && !text.contains("Authentication"))
        }
    }

    private func answer(
        _ details: String, errors: String = "", namespace: String = "http://www.govtalk.gov.uk/CM/envelope"
    ) throws(DocumentError) -> GovTalkAnswer {
        let text = """
            <GovTalkMessage xmlns="\(namespace)"><EnvelopeVersion>2.0</EnvelopeVersion><Header><MessageDetails>\(details)
            </MessageDetails></Header><GovTalkDetails><GovTalkErrors>\(errors)</GovTalkErrors></GovTalkDetails><Body/>
            </GovTalkMessage>
            """
        return try GovTalkAnswer(Array(text.utf8))
    }

    private func error(_ type: String, _ number: String) -> String {
        "<Error><RaisedBy>Gateway</RaisedBy><Number>\(number)</Number><Type>\(type)</Type><Text>Anne</Text></Error>"
    }

    @Test func `an acknowledgement says how the conversation goes on`() throws {
        let answer = try answer(
            """
            <Class>LAC-JCP</Class><Qualifier>acknowledgement</Qualifier><Function>submit</Function>
            <TransactionID>0199</TransactionID><CorrelationID> 00ABcd </CorrelationID>
            <ResponseEndPoint PollInterval="20">https://gateway.example.org/poll</ResponseEndPoint>
            """)
        #expect(answer.messageClass == "LAC-JCP" && answer.qualifier == .acknowledgement && answer.function == "submit")
        #expect(answer.transactionID == "0199" && answer.correlationID == "00ABcd")
        #expect(answer.endpoint == "https://gateway.example.org/poll" && answer.pollInterval == 20)
        #expect(answer.faults.isEmpty && answer.gravest == nil)
    }

    @Test func `errors have codes, the gravest first, and warnings are none`() throws {
        let details = "<Class>C</Class><Qualifier>error</Qualifier><Function>submit</Function><CorrelationID/>"
        let several = try answer(
            details, errors: error("recoverable", "1000") + error("warning", "1") + error("business", "3001"))
        #expect(several.faults.map(\.code) == ["govtalk_recoverable_1000", "govtalk_business_3001"])
        #expect(several.gravest?.code == "govtalk_business_3001" && several.correlationID == nil)
        // What it says in words, or instead of a number, goes nowhere.
        #expect(try answer(details, errors: error("fatal", "Anne Tester")).gravest?.code == "govtalk_fatal")
        #expect(try answer(details, errors: error("odd", "7")).gravest?.code == "govtalk_fatal_7")
    }

    @Test(arguments: [
        "", "<Class>C</Class><Qualifier>request</Qualifier>", "<Qualifier>response</Qualifier>",
        "<Class>C</Class><Qualifier>response</Qualifier><CorrelationID>not hexadecimal</CorrelationID>",
        "<Class>C</Class><Qualifier>response</Qualifier><CorrelationID>000000000000000000000000000000001</CorrelationID>",
    ])
    func `what is no answer is refused`(details: String) {
        #expect(throws: DocumentError.self) { try answer(details) }
    }

    @Test func `another envelope, other bytes and a document type are refused`() {
        let details = "<Class>C</Class><Qualifier>response</Qualifier><Function>submit</Function>"
        #expect(throws: DocumentError.self) { try answer(details, namespace: "urn:other") }
        for text in ["", "no XML", "<html/>", "<!DOCTYPE GovTalkMessage [<!ENTITY a 'b'>]><GovTalkMessage/>"] {
            #expect(throws: DocumentError.self) { try GovTalkAnswer(Array(text.utf8)) }
        }
    }
}

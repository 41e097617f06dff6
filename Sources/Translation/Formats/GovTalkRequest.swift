/// What we say to a GovTalk gateway in one conversation (envelope 2.0, partner interfaces, section 11).
///
///     submit ─▶ acknowledgement ─▶ poll ─▶ acknowledgement … response, or error ─▶ delete ─▶ response
package struct GovTalkRequest: Sendable {
    /// Where in the conversation we are.
    package enum Step: Sendable {
        /// The document, under an id of our own.
        case submit(XMLNode, transactionID: String, sender: Sender)
        /// Whether there is an answer.
        case poll(correlationID: String)
        /// The answer was taken: the gateway may forget the conversation.
        case delete(correlationID: String)
    }

    /// Who we are to the gateway. Only a submission says it: a poll or a deletion is known by its correlation id.
    package struct Sender: Sendable {
        package var id: String
        /// A secret.
        package var password: String

        package init(id: String, password: String) {
            self.id = id
            self.password = password
        }
    }

    static let namespace = "http://www.govtalk.gov.uk/CM/envelope"

    private let messageClass: String
    private let step: Step

    /// - Parameter messageClass: the word by which the gateway knows what the document is, and for whom.
    package init(_ step: Step, class messageClass: String) {
        self.messageClass = messageClass
        self.step = step
    }

    /// The envelope with what is in it. Elements stand in the order of the envelope's schema.
    package var bytes: [UInt8] {
        var body: [XMLNode] = []
        var sender: [XMLNode] = []
        let qualifier: String
        let function: String
        let ids: [XMLNode]
        switch step {
        case .submit(let document, let transactionID, let who):
            (qualifier, function) = ("request", "submit")
            // The gateway gives the correlation id.
            ids = [Self.text("TransactionID", transactionID), Self.text("CorrelationID", "")]
            body = [document]
            sender = [
                Self.element(
                    "IDAuthentication",
                    [
                        Self.text("SenderID", who.id),
                        Self.element(
                            "Authentication", [Self.text("Method", "clear"), Self.text("Value", who.password)]),
                    ])
            ]
        case .poll(let correlationID):
            (qualifier, function) = ("poll", "submit")
            ids = [Self.text("CorrelationID", correlationID)]
        case .delete(let correlationID):
            (qualifier, function) = ("request", "delete")
            ids = [Self.text("CorrelationID", correlationID)]
        }
        let details =
            [
                Self.text("Class", messageClass), Self.text("Qualifier", qualifier), Self.text("Function", function),
            ] + ids + [Self.text("Transformation", "XML")]
        return XMLWriter.write(
            Self.element(
                "GovTalkMessage",
                [
                    Self.text("EnvelopeVersion", "2.0"),
                    Self.element(
                        "Header", [Self.element("MessageDetails", details), Self.element("SenderDetails", sender)]),
                    Self.element("GovTalkDetails", [Self.element("Keys", [])]),
                    Self.element("Body", body),
                ]))
    }

    private static func element(_ name: String, _ children: [XMLNode]) -> XMLNode {
        XMLNode(name, namespace: namespace, content: children.map(XMLNode.Content.element))
    }

    private static func text(_ name: String, _ text: String) -> XMLNode {
        XMLNode(name, namespace: namespace, text: text)
    }
}

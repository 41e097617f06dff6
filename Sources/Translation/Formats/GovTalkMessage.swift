import Referral

/// The GovTalk envelope 2.0, in which departments wrap what they send one another (partner interfaces, section 11).
enum GovTalkMessage {
    /// The element that carries the envelope's own header and details inside the content.
    static let wrapper = "govtalk"

    /// The content of an envelope's body with the header and the details of the envelope as its last element, `govtalk`; nil
    /// for any other document and for an envelope with nothing in it, such as a poll.
    static func opened(_ root: XMLNode) -> XMLNode? {
        guard root.name == "GovTalkMessage", root.namespace == GovTalkRequest.namespace,
            var content = root.child(named: "Body")?.children.first
        else { return nil }
        let around = root.children.filter { $0.name != "Body" }.map(XMLNode.Content.element)
        content.content.append(.element(XMLNode(wrapper, namespace: GovTalkRequest.namespace, content: around)))
        return content
    }

    /// The sender's id for the message, of an opened envelope; nil without one.
    static func transactionID(of content: XMLNode) -> String? {
        content.child(named: wrapper)?.child(named: "Header")?.child(named: "MessageDetails")?
            .child(named: "TransactionID")?.text.trimmed
    }
}

import Referral

/// What a sender called a document: personal like the document, for nobody knows what stands in a name.
package struct DocumentNames: Sendable, Hashable {
    package var messageID: String
    package var fileName: String?

    package init(messageID: String, fileName: String? = nil) {
        self.messageID = messageID
        self.fileName = fileName
    }

    package init(_ document: StoredDocument) {
        self.init(messageID: document.messageID, fileName: document.fileName)
    }

    /// As it is sealed with each part of a file.
    var value: Value {
        var value: Value = ["message_id": .string(messageID)]
        value["file_name"] = fileName.map(Value.string)
        return value
    }

    /// Nothing when the value is not of ``value``'s form.
    init?(_ value: Value) {
        guard let messageID = value["message_id"]?.stringValue else { return nil }
        self.init(messageID: messageID, fileName: value["file_name"]?.stringValue)
    }
}

/// The names of a document, sealed: with the part of it that is asked about, or in the document itself.
package enum SealedDocumentNames: Sendable {
    case part(Part)
    case document(SealedDocument)

    package struct Part: Sendable {
        let place: String
        let wrappedKey: [UInt8]
        let sealed: [UInt8]
    }
}

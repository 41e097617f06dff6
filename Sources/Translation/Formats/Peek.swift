package import Referral

/// What the hub looks at in a document before it answers: is it well formed, which message is it, from whom, about whom.
///
/// Taken before anything is stored, so it never traps, touches every byte once or twice, and says nothing about content.
package struct Peek: Sendable, Hashable {
    /// The form found, `fhir` where JSON was announced and a FHIR resource came.
    package var format: DocumentFormat
    /// The document's own id: `message_id`, MSH-10, `Bundle.id`, `ppn_ref`, a notification's `MessageId`, the
    /// `TransactionID` of a GovTalk envelope. Nil where the form has none.
    package var messageID: String?
    /// What makes the document the same one again, per sender. Is ``messageID``, except that a FHIR Bundle keeps its id
    /// through later messages of the same referral, so that `meta.lastUpdated` belongs to it.
    package var repeatID: String?
    /// The sender as the document names it: `sender`, MSH-4, an ODS code or source endpoint, `force_code`. Not proof of
    /// who sent it.
    package var sender: String?
    /// `referral`, `REF^I12`, `servicerequest-request`, `PPN`, the name of an XML root element.
    package var type: String?
    /// What binds messages of one referral: `in_reply_to` or the own `message_id`, RF1-6, `Bundle.id`.
    package var threadID: String?
    /// The person's NHS number where one stands plainly and its check holds, ten digits.
    package var nhsNumber: String?

    package init(
        format: DocumentFormat, messageID: String? = nil, repeatID: String? = nil, sender: String? = nil,
        type: String? = nil, threadID: String? = nil, nhsNumber: String? = nil
    ) {
        self.format = format
        self.messageID = messageID
        self.repeatID = repeatID ?? messageID
        self.sender = sender
        self.type = type
        self.threadID = threadID
        self.nhsNumber = nhsNumber
    }

    /// Looks at a document.
    ///
    /// - Throws: `not_parseable`, `encoding` and `too_large` as the format's reader does; `schema` when JSON is no object,
    ///   FHIR has no `resourceType` or an id is not of the right form; `missing` when a form that must carry an id does not.
    package static func look(
        _ bytes: [UInt8], format: DocumentFormat, limits: Limits = .default
    ) throws(DocumentError) -> Peek {
        switch format {
        case .json:
            let document = try StrictJSON.parse(bytes, limits: limits)
            return try json(try EventNotification.opened(document, limits: limits) ?? document, announced: format)
        case .fhir:
            let resource = try FHIRResource.parse(bytes, limits: limits, byteOrderMark: .refused)
            return try json(resource, announced: format)
        case .hl7v2: return try hl7(bytes, limits: limits)
        case .xml: return try xml(try XMLDocument.parse(bytes, limits: limits.deep))
        case .csv: return try csv(bytes, limits: limits)
        case .pdf: throw DocumentError(.notParseable, at: "", "a PDF is not read")
        }
    }

    private static func csv(_ bytes: [UInt8], limits: Limits) throws(DocumentError) -> Peek {
        _ = try CSVTable.parse(bytes, limits: limits)
        return Peek(format: .csv)
    }

    /// The number, if its check holds.
    static func nhsNumber(_ text: String?) -> String? { text.flatMap { NHSNumber.normalise($0).normal } }

    /// Refuses an id that is longer than any form allows or holds control characters.
    static func checked(_ id: String?, at path: String) throws(DocumentError) -> String {
        guard let id, !id.isEmpty else { throw DocumentError(.missing, at: path, "the message's id is missing") }
        guard id.utf8.count <= 256, id.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw DocumentError(.schema, at: path, "the message's id is too long or holds control characters")
        }
        return id
    }
}

extension Limits {
    /// The same with XML's depth.
    fileprivate var deep: Limits {
        var limits = self
        limits.depth = Limits.xml.depth
        return limits
    }
}

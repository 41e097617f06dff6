/// Reads the envelope field by field into the model, then judges whether it is complete.
struct EnvelopeReader {
    let top: FieldReader
    /// Nil for a record of the hub's own: its marks of verified identifiers and of groups are taken over.
    let carrier: ReferralReader.Carrier?
    var partner: String?
    var byNHS = false
    var environment = HubEnvironment.test
    var groups: [String: FieldGroup] = [:]

    private var findings: Findings { top.findings }

    func referral() -> Referral {
        Referral(
            messageID: messageID(), sender: sender(), sentAt: sentAt(), type: type(), inReplyTo: top.text(.inReplyTo),
            marking: top.coded(.marking) ?? .known(.officialSensitive),
            person: top.child("person").map(person) ?? Person(), address: top.child("address").flatMap(address),
            reason: reason(), notes: top.text(.notes, limit: nil), wishes: top.text(.wishes, limit: nil),
            needs: needs(), risks: top.elements("risks", atMost: 100).compactMap(risk), urgency: top.coded(.urgency),
            consent: top.child("consent").flatMap(consent),
            household: top.children("household", atMost: 50).compactMap(member),
            referrer: top.child("referrer").flatMap(referrer),
            safeguarding: top.child("safeguarding").flatMap(safeguarding),
            attachments: top.children("attachments", atMost: Attachment.mostPerReferral).compactMap(attachment),
            sourceCode: top.coded(.sourceCode), sourceKind: top.coded(.sourceKind), extensions: extensions())
    }

    /// What makes a referral complete, and what refuses it.
    func judge(_ referral: Referral) {
        let person = referral.person
        // An update is about somebody whom the hub knows: a number is enough, and some senders' events have nothing else.
        let isNumbered =
            referral.type == .known(.update) && person.identifiers.contains { $0.type.code != nil && $0.verified }
        if !person.isNamed, !isNumbered {
            findings.refuse(.missing, at: "person.family", "nobody is named: a family name or another name is needed")
        }
        let isFindable =
            isNumbered || person.dob != nil || person.ageEstimate != nil || referral.address?.isLocated == true
            || person.phone.contains { Phone.normalise($0).normal != nil }
        if !isFindable {
            findings.fail(.missing, at: "person.dob", "a birth date, an age, an address or a phone number is needed")
        }
        if referral.reason == nil { findings.fail(.missing, at: "reason", "a reason is needed") }
        if referral.referrer == nil { findings.fail(.missing, at: "referrer", "who refers is needed") }
    }

    // MARK: Header

    private func messageID() -> String? {
        guard let id = top.text(.messageID) else {
            header(.missing, .messageID, "a message id is needed", isAbsent: true)
            return nil
        }
        let isWellFormed =
            (1...64).contains(id.utf8.count) && id.utf8.allSatisfy { $0.isAlphanumeric || ".-_:".utf8.contains($0) }
        if !isWellFormed { header(.schema, .messageID, "expected 1 to 64 letters, digits and . _ : -") }
        return id
    }

    private func sender() -> String? {
        let sender = top.text(.sender)
        switch (carrier, sender, partner) {
        case (.translated, _, let partner?): return partner
        case (_, nil, _): header(.missing, .sender, "the sender's id is needed", isAbsent: true)
        case (.envelope, let sender?, let partner?) where sender != partner:
            findings.refuse(.senderMismatch, at: "sender", "the sender is not the party that sent the message")
        default: break
        }
        return sender
    }

    private func sentAt() -> Instant? {
        guard let text = top.text(.sentAt) else {
            header(.missing, .sentAt, "the time of sending is needed", isAbsent: true)
            return nil
        }
        guard let time = Instant(rfc3339: text) else {
            header(.invalidDate, .sentAt, "expected a date and time with offset, as RFC 3339 writes it")
            return nil
        }
        if let now = top.now, time.microseconds > now.microseconds + 600_000_000 {
            if carrier == .envelope {
                findings.refuse(.stale, at: "sent_at", "more than 10 minutes ahead of the hub's clock")
                return time
            }
            findings.warn(.stale, at: "sent_at", "more than 10 minutes ahead of the hub's clock; left out")
            return nil
        }
        return time
    }

    private func type() -> Coded<MessageType> {
        guard let text = top.text(.type) else {
            header(.missing, .type, "the type of message is needed", isAbsent: true)
            return .known(.referral)
        }
        let type = Coded<MessageType>(text)
        if type.code == nil { header(.unknownCode, .type, "not in the code list") }
        if type.code?.answersAnother == true, top.text(.inReplyTo) == nil {
            header(.missing, .inReplyTo, "an update or a withdrawal names the message that it answers", isAbsent: true)
        }
        return type
    }

    /// A mistake in the header keeps an envelope from being complete. Another carrier's header only warns, and may lack things.
    private func header(_ code: FindingCode, _ field: CanonicalField, _ text: String, isAbsent: Bool = false) {
        if carrier == .envelope {
            findings.fail(code, at: field.rawValue, text)
        } else if !isAbsent {
            findings.warn(code, at: field.rawValue, text)
        }
    }

    // MARK: Reason and codes

    private func reason() -> String? {
        let reason = top.text(.reason, limit: nil)
        if let reason, reason.utf8.count > 4000, reason.unicodeScalars.count > 4000 {
            findings.warn(.schema, at: "reason", "longer than 4000 characters; kept whole")
        }
        return reason
    }

    private func needs() -> [Coded<NeedCode>] {
        var needs: [Coded<NeedCode>] = []
        for (text, path) in top.texts(.needs, atMost: 100) {
            let need: Coded<NeedCode> = top.coded(text, at: path)
            if !needs.contains(need) { needs.append(need) }
        }
        return needs
    }

    /// A risk, or the bare code that some senders write for one.
    private func risk(_ element: (value: Value, path: String)) -> Risk? {
        if let code = element.value.stringValue?.tidy, !code.isEmpty {
            findings.warn(.schema, at: element.path, "expected an object; taken as its code")
            return Risk(code: top.coded(code, at: element.path))
        }
        guard let reader = top.reader(of: element.value, at: element.path) else { return nil }
        let risk = Risk(
            code: reader.coded(.riskCode), detail: reader.text(.riskDetail, limit: nil),
            toVisitors: reader.flag(.riskToVisitors))
        return risk == Risk() ? nil : risk
    }
}

extension UInt8 {
    fileprivate var isAlphanumeric: Bool { isDigit || isUpper || (0x61...0x7A).contains(self) }
}

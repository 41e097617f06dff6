extension Referral {
    /// Everything, in the envelope's shape, empty parts left out. ``init(stored:)`` reads it back to the same referral.
    package var value: Value {
        var writer = FieldWriter(groups: nil)
        writer.write(self)
        var groups = Object()
        for item in extensions { groups[item.name] = .string(item.group.rawValue) }
        if !groups.isEmpty { writer.object["extension_groups"] = .object(groups) }
        return .object(writer.object)
    }

    /// The content filter: what the groups allow, in the envelope's shape.
    ///
    /// What is withheld is absent, never blanked. Needs, risks and identifiers go by the group of their code, extensions by
    /// their own; a text where a code should be counts as free text, and so does what fails its check: a phone number, an
    /// e-mail address, a postcode, a UPRN, an identifier, a ``Language``. Of a risk whose code is withheld only the fact
    /// that it endangers visitors can remain.
    package func released(_ groups: Set<FieldGroup>) -> Value {
        var writer = FieldWriter(groups: groups)
        writer.write(self)
        return .object(writer.object)
    }
}

/// Writes an object field by field and leaves out what its groups do not allow.
private struct FieldWriter {
    /// Nil allows everything.
    let groups: Set<FieldGroup>?
    var object = Object()

    mutating func write(_ referral: Referral) {
        put(.messageID, referral.messageID)
        put(.sender, referral.sender)
        put(.sentAt, referral.sentAt?.rfc3339)
        put(.type, referral.type)
        put(.inReplyTo, referral.inReplyTo)
        put(.marking, referral.marking)
        nest("person") { $0.write(referral.person) }
        if let address = referral.address { nest("address") { $0.write(address) } }
        put(.reason, referral.reason)
        put(.notes, referral.notes)
        put(.wishes, referral.wishes)
        write(referral.needs)
        list("risks", referral.risks) { $0.write($1) }
        put(.urgency, referral.urgency)
        if let consent = referral.consent { nest("consent") { $0.write(consent) } }
        list("household", referral.household) { $0.write($1) }
        if let referrer = referral.referrer { nest("referrer") { $0.write(referrer) } }
        if let safeguarding = referral.safeguarding { nest("safeguarding") { $0.write(safeguarding) } }
        list("attachments", referral.attachments) { $0.write($1) }
        put(.sourceCode, referral.sourceCode)
        put(.sourceKind, referral.sourceKind)
        write(referral.extensions)
    }

    private mutating func write(_ person: Person) {
        put(.title, person.title)
        put(.given, person.given)
        put(.family, person.family)
        put(.alsoKnownAs, person.alsoKnownAs)
        put(.dob, person.dob?.iso)
        put(.ageEstimate, person.ageEstimate)
        put(.sex, person.sex)
        put(.language, person.language, by: Language.normalise)
        put(.interpreter, person.interpreter)
        // Each by itself: one that fails its check is free text.
        let phones =
            groups == nil
            ? person.phone
            : person.phone.filter { allows(Self.passes($0, Phone.normalise) ? CanonicalField.phone.group : .notes) }
        if !phones.isEmpty { object[CanonicalField.phone.key] = phones.value }
        put(.email, person.email, by: Email.normalise)
        put(.preferredContact, person.preferredContact)
        put(.visitorGender, person.visitorGender)
        list("identifiers", person.identifiers) { writer, identifier in
            let group = writer.groups == nil || !identifier.isWellFormed ? .notes : identifier.type.code?.group
            writer.put(.identifierType, identifier.type.text, in: group)
            writer.put(.identifierValue, identifier.value, in: group)
            writer.put(.identifierSource, identifier.source, in: group)
            writer.put(.identifierVerified, identifier.verified, in: group)
        }
    }

    private mutating func write(_ address: Address) {
        put(.addressLines, address.lines)
        put(.town, address.town)
        put(.postcode, address.postcode, by: Postcode.normalise)
        put(.uprn, address.uprn) { IdentifierType.uprn.normalise($0, in: .test) }
        put(.noFixedAbode, address.noFixedAbode)
        put(.safeToWrite, address.safeToWrite)
        put(.safeToVisit, address.safeToVisit)
    }

    private mutating func write(_ needs: [Coded<NeedCode>]) {
        let told = needs.filter { allows($0.code?.group ?? CanonicalField.needs.group) }
        if !told.isEmpty { object[CanonicalField.needs.key] = .array(told.map { .string($0.text) }) }
    }

    private mutating func write(_ risk: Risk) {
        put(.riskCode, risk.code?.text, in: risk.code?.code?.group)
        put(.riskDetail, risk.detail)
        // A lone "no danger to visitors" would only tell that a risk is being withheld.
        if groups != nil, object.isEmpty, risk.toVisitors == false { return }
        put(.riskToVisitors, risk.toVisitors)
    }

    private mutating func write(_ consent: Consent) {
        put(.consentKnown, consent.known)
        put(.consentAgreed, consent.agreed)
        put(.consentBy, consent.by)
        put(.consentOn, consent.on?.iso)
        put(.consentNote, consent.note)
    }

    private mutating func write(_ member: HouseholdMember) {
        put(.memberRelation, member.relation)
        put(.memberGiven, member.given)
        put(.memberFamily, member.family)
        put(.memberDOB, member.dob?.iso)
        put(.memberLivesHere, member.livesHere)
    }

    private mutating func write(_ referrer: Referrer) {
        put(.referrerName, referrer.name)
        put(.referrerRole, referrer.role)
        put(.referrerOrganisation, referrer.organisation)
        put(.referrerPhone, referrer.phone, by: Phone.normalise)
        put(.referrerEmail, referrer.email, by: Email.normalise)
    }

    private mutating func write(_ safeguarding: Safeguarding) {
        put(.concern, safeguarding.concern)
        put(.raisedWith, safeguarding.raisedWith)
        put(.raisedAt, safeguarding.raisedAt?.text)
    }

    private mutating func write(_ attachment: Attachment) {
        put(.attachmentName, attachment.name)
        put(.attachmentMediaType, attachment.mediaType)
        put(.attachmentSize, attachment.size)
        put(.attachmentSHA256, attachment.sha256)
        switch attachment.content {
        case .document(let path): put(.attachmentContent, path)
        case .file(let name): put(.attachmentFile, name)
        case nil: break
        }
    }

    private mutating func write(_ extensions: [Extension]) {
        var members = Value.object(Object())
        for item in extensions where allows(item.group) {
            members.set(item.value, at: item.name.split(separator: ".")[...])
        }
        if !members.isEmpty { object[CanonicalField.extensions.key] = members }
    }

    private func allows(_ group: FieldGroup) -> Bool { groups?.contains(group) ?? true }

    /// Writes a leaf, unless it is absent, empty, or withheld. `group` replaces the field's own where a code decides.
    private mutating func put(_ field: CanonicalField, _ leaf: (some Leaf)?, in group: FieldGroup? = nil) {
        guard let value = leaf?.value, !value.isEmpty, groups == nil || allows(group ?? field.group) else { return }
        object[field.key] = value
    }

    /// Writes a text that has a form of its own; one that fails the check is free text.
    private mutating func put(_ field: CanonicalField, _ text: String?, by check: (String) -> IdentifierCheck) {
        guard let text else { return }
        put(field, text, in: groups == nil || Self.passes(text, check) ? nil : .notes)
    }

    private static func passes(_ text: String, _ check: (String) -> IdentifierCheck) -> Bool {
        check(text).normal != nil
    }

    /// Writes a code; a text that stands in place of a code is free text.
    private mutating func put<Code>(_ field: CanonicalField, _ coded: Coded<Code>?) {
        put(field, coded?.text, in: coded?.code == nil ? .notes : nil)
    }

    private mutating func nest(_ key: String, _ write: (inout FieldWriter) -> Void) {
        var writer = FieldWriter(groups: groups)
        write(&writer)
        if !writer.object.isEmpty { object[key] = .object(writer.object) }
    }

    private mutating func list<Element>(
        _ key: String, _ elements: [Element], _ write: (inout FieldWriter, Element) -> Void
    ) {
        let objects = elements.compactMap { element -> Value? in
            var writer = FieldWriter(groups: groups)
            write(&writer, element)
            return writer.object.isEmpty ? nil : .object(writer.object)
        }
        if !objects.isEmpty { object[key] = .array(objects) }
    }
}

extension Identifier {
    /// Whether the value has the form of its type. Numbers for tests have it, too: whether they were taken was judged when
    /// they came.
    fileprivate var isWellFormed: Bool {
        guard let type = type.code, let normal = type.normalise(value, in: .test).normal else { return false }
        // A hospital's numbers have no form in common but that they are numbers.
        return type != .hospitalNumber || normal.isReference
    }
}

/// What a field can hold.
private protocol Leaf {
    var value: Value { get }
}

extension String: Leaf {
    fileprivate var value: Value { .string(self) }
}

extension Bool: Leaf {
    fileprivate var value: Value { .bool(self) }
}

extension Int: Leaf {
    fileprivate var value: Value { .number(String(self)) }
}

extension [String]: Leaf {
    fileprivate var value: Value { .array(map(Value.string)) }
}

extension Value {
    /// Sets a member deep inside, making the objects on the way.
    fileprivate mutating func set(_ value: Value, at path: ArraySlice<Substring>) {
        guard let key = path.first else {
            self = value
            return
        }
        var member = self[String(key)] ?? .null
        member.set(value, at: path.dropFirst())
        self[String(key)] = member
    }
}

extension Referral {
    /// The sender's own number for the referral, by which its later messages may name it (HL7 v2, RF1-6); nil when the
    /// document has none.
    package var number: String? { extensionValue("hl7.referral_id")?.stringValue }

    /// Numbers of the sender's own that it no longer uses, because it found two of its records to be one person's (HL7 v2,
    /// MRG-1). Of any other type than its own none are taken.
    package var mergedNumbers: [(type: IdentifierType, value: String)] {
        (extensionValue("hl7.merged")?.arrayValue ?? []).compactMap { number in
            guard let value = number["value"]?.stringValue,
                let type = number["type"]?.stringValue.flatMap(IdentifierType.init),
                type == .hospitalNumber || type == .local
            else { return nil }
            return (type, value)
        }
    }

    /// Whether it tells of an event in a hospital's patient administration (HL7 v2, ADT) and not of a referral.
    package var isPatientEvent: Bool { extensionValue("hl7.event") != nil }

    private func extensionValue(_ name: String) -> Value? { extensions.first { $0.name == name }?.value }
}

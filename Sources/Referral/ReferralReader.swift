/// The one validation for every format: reads a tree of the envelope's shape, whoever made it, and says what is wrong with it
/// (partner interfaces, section 1).
///
/// It never traps, whatever the tree holds; it goes no deeper than the model does. Unknown keys are not used, and stay in the
/// stored document. A mistake in an optional field is a warning and the field is left out, or kept as it was written where
/// the model can mark it.
package enum ReferralReader {
    /// Reads one document.
    ///
    /// - Parameters:
    ///   - document: the envelope as parsed, or what a mapping made of another format.
    ///   - partner: the authenticated party's id in the register; nil when nobody is, as in a dry run. A document of another
    ///     sender is rejected (``FindingCode/senderMismatch``).
    ///   - byNHS: whether that party is an NHS body, whose NHS numbers count as verified.
    ///   - now: when the document was received.
    ///   - environment: synthetic NHS numbers are numbers only in a test.
    ///   - carrier: whether the header is the document's own.
    ///   - groups: the groups that the adapter's definition gives to what it maps to `extensions`, by dotted name; a name also
    ///     stands for everything below it. What neither it nor ``Extension/standardGroups`` lists counts as free text.
    package static func read(
        _ document: Value, sentBy partner: String? = nil, byNHS: Bool = false, now: Instant,
        environment: HubEnvironment, carrier: Carrier = .envelope, groups: [String: FieldGroup] = [:]
    ) -> ReferralReading {
        guard case .object(let object) = document else {
            return ReferralReading(
                status: .rejected, referral: nil, errors: [Finding(.schema, at: "", "a referral is an object")])
        }
        let findings = Findings()
        let reader = EnvelopeReader(
            top: FieldReader(object: object, path: "", findings: findings, now: now), carrier: carrier,
            partner: partner, byNHS: byNHS, environment: environment, groups: groups)
        let referral = reader.referral()
        reader.judge(referral)
        return ReferralReading(
            status: findings.isRefused ? .rejected : findings.errors.isEmpty ? .accepted : .incomplete,
            referral: referral, warnings: findings.warnings, errors: findings.errors)
    }

    /// What the document's own header is worth.
    package enum Carrier: Sendable, Hashable {
        /// A JSON envelope: message id, sender, time and type are its own and are required.
        case envelope
        /// Translated from another format, which carries the header in its own way: what is absent is no mistake, the sender is
        /// the partner, and a verification status of the NHS number is the format's own.
        case translated
    }
}

extension Referral {
    /// Reads what ``value`` wrote. Nil when it is no object. Only for the hub's own records: identifiers keep the mark that they
    /// are verified, extensions keep their group.
    package init?(stored value: Value) {
        guard case .object(let object) = value else { return nil }
        let top = FieldReader(object: object, path: "", findings: Findings(), now: nil)
        self = EnvelopeReader(top: top, carrier: nil).referral()
    }
}

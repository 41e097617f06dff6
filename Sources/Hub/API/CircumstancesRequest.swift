import Disclosure
import Postgres
import Referral

/// The body of `PATCH /v1/persons/{id}/circumstances`, a JSON merge patch (RFC 7396): what is absent stays, null takes
/// back.
struct CircumstancesRequest {
    private var changes: [(name: String, apply: @Sendable (inout Subject) -> Void)] = []

    /// The members that are changed.
    var names: [String] { changes.map(\.name) }

    /// - Throws: ``RequestError`` naming everything that is wrong.
    init(_ body: [UInt8]) throws(RequestError) {
        var reader = try RequestReader(body)
        moment("support_ended_on", \.supportEndedOn, &reader)
        moment("retention_until", \.retentionUntil, &reader)
        moment("restricted_on", \.restrictedOn, &reader)
        moment("deceased_on", \.deceasedOn, &reader)
        flag("legal_hold", \.hasLegalHold, &reader)
        flag("dfe_programme", \.isInDfEProgramme, &reader)
        flag("ipsos_link_consent", \.hasIpsosLinkConsent, &reader)
        if reader.holds("care_status") {
            let status = reader.code("care_status", of: Subject.CareStatus.self)
            changes.append(("care_status", { $0.careStatus = status }))
        }
        if reader.holds("objections") {
            let objections = Set(reader.codes("objections", of: Subject.Objection.self))
            changes.append(("objections", { $0.objections = objections }))
        }
        if reader.holds("erasure") {
            let erasure = reader.code("erasure", of: Subject.Erasure.self)
            if erasure == .done { reader.fail(.schema, "erasure", "Is done by erasing, not by saying so") }
            changes.append(("erasure", { $0.erasure = erasure }))
        }
        reader.refuse(unless: Self.known, "Is no circumstance that the policy knows")
        if changes.isEmpty { reader.fail(.missing, "", "Name what changes") }
        try reader.finish()
    }

    private static let known: Set<String> = [
        "support_ended_on", "retention_until", "restricted_on", "deceased_on", "legal_hold", "dfe_programme",
        "ipsos_link_consent", "care_status", "objections", "erasure",
    ]

    private mutating func moment(
        _ name: String, _ path: any WritableKeyPath<Subject, Instant?> & Sendable, _ reader: inout RequestReader
    ) {
        guard reader.holds(name) else { return }
        let instant = reader.instant(name).map { Instant(microseconds: $0.microseconds) }
        changes.append((name, { $0[keyPath: path] = instant }))
    }

    private mutating func flag(
        _ name: String, _ path: any WritableKeyPath<Subject, Bool> & Sendable, _ reader: inout RequestReader
    ) {
        guard reader.holds(name) else { return }
        let flag = reader.flag(name) ?? false
        changes.append((name, { $0[keyPath: path] = flag }))
    }

    /// Makes the changes.
    ///
    /// - Throws: ``RequestError`` when the record was erased, which nothing takes back.
    func apply(to subject: inout Subject) throws(RequestError) {
        if subject.erasure == .done, names.contains("erasure") {
            throw RequestError(findings: [Finding(.schema, at: "erasure", "The record was erased")])
        }
        for change in changes { change.apply(&subject) }
    }
}

import CaseStore
import Disclosure
import Postgres
import Referral

/// A Shared Agreement as FHIR R4 Consent (http://hl7.org/fhir/R4/consent.html), out and in.
///
/// The root provision denies; each scope line is an exception that permits, with the recipient as actor (`IRCP`), its
/// purposes, its field groups as `code`, and the period in which it holds.
enum ConsentResource {
    static let mediaType = "application/fhir+json"

    private static let scope = coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
    /// LOINC 59284-0, Patient Consent.
    private static let category = coded("http://loinc.org", "59284-0")
    private static let policy = coded("urn:lac:policy", "shared-agreement")
    private static let participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

    // MARK: Out

    /// The agreement as a resource. What shows that somebody else could sign is left out, as it names people.
    static func resource(of stored: StoredAgreement, isInForce: Bool) -> Value {
        let agreement = stored.agreement
        let patient = Value.string("Patient/\(stored.person)")
        var resource: Object = [
            "resourceType": "Consent", "id": .string(stored.id.description),
            "meta": ["versionId": .string(String(agreement.version))],
            "status": isInForce ? "active" : "inactive",
            "scope": scope, "category": [category], "patient": ["reference": patient],
            "dateTime": .string(agreement.signedOn.rfc3339), "policyRule": policy,
        ]
        switch agreement.signedBy {
        case .subject?: resource["performer"] = [["reference": patient]]
        case let signatory?:
            resource["performer"] = [["identifier": identifier("urn:lac:signatory", signatory.rawValue)]]
        case nil: break
        }
        var extensions: [Value] = []
        if let base = agreement.supplements {
            let reference: Value = ["reference": .string("Consent/\(base)")]
            extensions.append(["url": "urn:lac:supplements", "valueReference": reference])
        }
        if agreement.hasGuardianPermission {
            extensions.append(["url": "urn:lac:guardian-permission", "valueBoolean": true])
        }
        if !extensions.isEmpty { resource["extension"] = .array(extensions) }
        resource["provision"] = [
            "type": "deny", "provision": .array(agreement.scope.map { provision(of: $0, in: agreement) }),
        ]
        return .object(resource)
    }

    private static func provision(of line: Agreement.ScopeLine, in agreement: Agreement) -> Value {
        var period: Object = ["start": .string((agreement.starts ?? agreement.signedOn).rfc3339)]
        let ends = [agreement.expires, agreement.revokedAt, line.withdrawnAt].compactMap { $0 }
        period["end"] = ends.min().map { .string($0.rfc3339) }
        var provision: Object = [
            "type": "permit", "period": .object(period),
            "actor": [
                [
                    "role": coded(participation, "IRCP"),
                    "reference": ["identifier": identifier("urn:lac:recipient", line.recipient)],
                ]
            ],
            "purpose": .array(line.purposes.map(\.rawValue).sorted().map { coding("urn:lac:purpose", $0) }),
        ]
        if let groups = line.groups {
            provision["code"] = .array(groups.map(\.rawValue).sorted().map { coded("urn:lac:field-group", $0) })
        }
        if line.about == .dependants {
            // Who does not understand it must not take the line for a permission about the person.
            provision["modifierExtension"] = [
                ["url": "urn:lac:about", "valueCode": .string(line.about.rawValue)]
            ]
        }
        return .object(provision)
    }

    private static func coding(_ system: String, _ code: String) -> Value {
        ["system": .string(system), "code": .string(code)]
    }

    private static func coded(_ system: String, _ code: String) -> Value { ["coding": [coding(system, code)]] }

    private static func identifier(_ system: String, _ value: String) -> Value {
        ["system": .string(system), "value": .string(value)]
    }
}

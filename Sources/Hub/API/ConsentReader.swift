import Referral
import Translation

/// Reads a FHIR R4 Consent as the body of `POST /v1/agreements`.
///
/// Only what can be kept exactly is taken. Anything that would narrow or widen a permission and is not understood refuses
/// the whole, as an agreement must never say more, or less, than what was signed.
struct ConsentReader {
    private var findings: [Finding] = []

    /// - Throws: ``RequestError`` naming everything that is wrong, by the resource's own paths.
    static func agreement(in body: [UInt8]) throws(RequestError) -> [UInt8] {
        let consent: Value
        do { consent = try StrictJSON.parse(body) } catch { throw RequestError(findings: [error.finding]) }
        var reader = ConsentReader()
        let agreement = reader.read(consent)
        guard reader.findings.isEmpty else { throw RequestError(findings: reader.findings) }
        return StrictJSON.write(.object(agreement))
    }

    private mutating func read(_ consent: Value) -> Object {
        guard consent["resourceType"]?.stringValue == "Consent" else {
            fail(.schema, "resourceType", "Must be Consent")
            return [:]
        }
        only(
            [
                "resourceType", "id", "meta", "text", "language", "identifier", "status", "scope", "category",
                "patient",
                "dateTime", "performer", "organization", "policyRule", "extension", "provision",
            ], in: consent, at: "")
        if consent["status"]?.stringValue != "active" { fail(.unknownCode, "status", "Must be active") }
        if code(consent["scope"], "http://terminology.hl7.org/CodeSystem/consentscope") != "patient-privacy" {
            fail(.unknownCode, "scope", "Must be patient-privacy")
        }
        var agreement = Object()
        agreement["person_id"] = reference(consent["patient"], to: "Patient", at: "patient").map(Value.string)
        agreement["signed_on"] = consent["dateTime"]
        if agreement["signed_on"] == nil { fail(.missing, "dateTime", "Is required: when it was signed") }
        agreement["signed_by"] = signatory(consent["performer"], patient: consent["patient"])
        extensions(consent["extension"], into: &agreement)
        provisions(consent["provision"], into: &agreement)
        return agreement
    }

    private mutating func signatory(_ performer: Value?, patient: Value?) -> Value? {
        guard let performers = performer?.arrayValue, performers.count == 1 else {
            fail(.missing, "performer", "Exactly one is required: who signed")
            return nil
        }
        if let reference = performers[0]["reference"], reference == patient?["reference"] { return "subject" }
        guard performers[0]["identifier"]?["system"]?.stringValue == "urn:lac:signatory" else {
            fail(.unknownCode, "performer[0]", "Must be the patient, or an identifier of urn:lac:signatory")
            return nil
        }
        return performers[0]["identifier"]?["value"]
    }

    private mutating func extensions(_ value: Value?, into agreement: inout Object) {
        for (index, element) in (value?.arrayValue ?? []).enumerated() {
            switch element["url"]?.stringValue {
            case "urn:lac:supplements":
                agreement["supplements"] =
                    reference(element["valueReference"], to: "Consent", at: "extension[\(index)]").map(Value.string)
            case "urn:lac:guardian-permission": agreement["guardian_permission"] = element["valueBoolean"]
            case "urn:lac:authority-evidence": agreement["authority_evidence"] = element["valueString"]
            default: fail(.unknownCode, "extension[\(index)].url", "Is not understood")
            }
        }
    }

    private mutating func provisions(_ root: Value?, into agreement: inout Object) {
        guard let root, root["type"]?.stringValue == "deny", let lines = root["provision"]?.arrayValue, !lines.isEmpty
        else {
            fail(.schema, "provision", "Must be of the type deny, with a provision for each permission in it")
            return
        }
        only(["type", "provision"], in: root, at: "provision")
        var periods: Set<Value> = []
        agreement["scope"] = .array(
            lines.enumerated().map { index, line in
                periods.insert(line["period"] ?? .null)
                return .object(scopeLine(line, at: "provision.provision[\(index)]"))
            })
        guard let period = periods.first, periods.count == 1 else {
            fail(.schema, "provision.provision", "Must all have the same period; else enter agreements of their own")
            return
        }
        guard !period.isNull else { return }
        only(["start", "end"], in: period, at: "provision.provision.period")
        agreement["starts"] = period["start"]
        agreement["expires"] = period["end"]
    }

    private mutating func scopeLine(_ line: Value, at path: String) -> Object {
        only(["type", "period", "actor", "purpose", "code", "extension"], in: line, at: path)
        if line["type"]?.stringValue != "permit" { fail(.unknownCode, "\(path).type", "Must be permit") }
        var scope = Object()
        let actors = line["actor"]?.arrayValue ?? []
        let recipient = actors.first?["reference"]?["identifier"]
        if actors.count == 1, recipient?["system"]?.stringValue == "urn:lac:recipient" {
            scope["recipient"] = recipient?["value"]
        } else {
            fail(.schema, "\(path).actor", "Must be one, with an identifier of urn:lac:recipient")
        }
        scope["purposes"] = .array(
            (line["purpose"]?.arrayValue ?? []).enumerated().compactMap { index, purpose in
                known(purpose, "urn:lac:purpose", "\(path).purpose[\(index)]")
            })
        if let codes = line["code"]?.arrayValue {
            scope["groups"] = .array(
                codes.enumerated().compactMap { index, concept in
                    let codings = concept["coding"]?.arrayValue ?? []
                    return known(
                        codings.count == 1 ? codings[0] : .null, "urn:lac:field-group", "\(path).code[\(index)]")
                })
        }
        for (index, element) in (line["extension"]?.arrayValue ?? []).enumerated() {
            if element["url"]?.stringValue == "urn:lac:about" {
                scope["about"] = element["valueCode"]
            } else {
                fail(.unknownCode, "\(path).extension[\(index)].url", "Is not understood")
            }
        }
        return scope
    }

    /// A coding's code, if it is of the system.
    private mutating func known(_ coding: Value, _ system: String, _ path: String) -> Value? {
        if coding["system"]?.stringValue == system, let code = coding["code"] { return code }
        fail(.unknownCode, path, "Must be a code of \(system)")
        return nil
    }

    private func code(_ concept: Value?, _ system: String) -> String? {
        concept?["coding"]?.arrayValue?.first { $0["system"]?.stringValue == system }?["code"]?.stringValue
    }

    /// The id behind a reference to one of this hub's resources.
    private mutating func reference(_ value: Value?, to type: String, at path: String) -> String? {
        if let text = value?["reference"]?.stringValue, text.hasPrefix("\(type)/") {
            return String(text.dropFirst(type.count + 1))
        }
        fail(.missing, path, "Must be a reference to \(type)/<id>, as this hub gave it")
        return nil
    }

    /// Complains of every member that is not understood.
    private mutating func only(_ known: Set<String>, in value: Value, at path: String) {
        for key in value.objectValue?.keys ?? [] where !known.contains(key) {
            fail(.schema, path.isEmpty ? key : "\(path).\(key)", "Is not understood, and may change what is permitted")
        }
    }

    private mutating func fail(_ code: FindingCode, _ path: String, _ text: String) {
        findings.append(Finding(code, at: path, text))
    }
}

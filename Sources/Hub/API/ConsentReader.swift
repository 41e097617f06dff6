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
        expect(consent["scope"], "http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy", at: "scope")
        expect(consent["policyRule"], "urn:lac:policy", "shared-agreement", at: "policyRule")
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
        let performers = elements(performer, at: "performer")
        guard performers.count == 1 else {
            fail(.missing, "performer", "Exactly one is required: who signed")
            return nil
        }
        if let reference = performers[0]["reference"], reference == patient?["reference"] { return "subject" }
        let identifier = performers[0]["identifier"]
        guard identifier?["system"]?.stringValue == "urn:lac:signatory", let value = identifier?["value"] else {
            fail(.unknownCode, "performer[0]", "Must be the patient, or an identifier of urn:lac:signatory")
            return nil
        }
        return value
    }

    private mutating func extensions(_ value: Value?, into agreement: inout Object) {
        for (index, element) in elements(value, at: "extension").enumerated() {
            let path = "extension[\(index)]"
            switch element["url"]?.stringValue {
            case "urn:lac:supplements":
                only(["url", "valueReference"], in: element, at: path)
                enter(
                    reference(element["valueReference"], to: "Consent", at: path).map(Value.string), as: "supplements",
                    into: &agreement, at: path)
            case "urn:lac:guardian-permission":
                only(["url", "valueBoolean"], in: element, at: path)
                enter(element["valueBoolean"], as: "guardian_permission", into: &agreement, at: path)
            case "urn:lac:authority-evidence":
                only(["url", "valueString"], in: element, at: path)
                enter(element["valueString"], as: "authority_evidence", into: &agreement, at: path)
            default: fail(.unknownCode, "\(path).url", "Is not understood")
            }
        }
    }

    /// Takes a value over, once.
    private mutating func enter(_ value: Value?, as key: String, into agreement: inout Object, at path: String) {
        if agreement[key] != nil { fail(.schema, path, "Stands here twice") }
        guard let value, !value.isNull else { return fail(.missing, path, "Has no value of its type") }
        agreement[key] = value
    }

    private mutating func provisions(_ root: Value?, into agreement: inout Object) {
        let lines = elements(root?["provision"], at: "provision.provision")
        guard let root, root["type"]?.stringValue == "deny", !lines.isEmpty else {
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
        let path = "provision.provision.period"
        guard period.objectValue != nil else { return fail(.schema, path, "Must be an object") }
        only(["start", "end"], in: period, at: path)
        agreement["starts"] = period["start"]
        agreement["expires"] = period["end"]
        // A day is included in FHIR, and not here.
        if let end = period["end"], end.stringValue?.contains("T") != true {
            fail(.invalidDate, "\(path).end", "Must be an instant, not a day")
        }
    }

    private mutating func scopeLine(_ line: Value, at path: String) -> Object {
        only(["type", "period", "actor", "purpose", "code", "modifierExtension"], in: line, at: path)
        if line["type"]?.stringValue != "permit" { fail(.unknownCode, "\(path).type", "Must be permit") }
        var scope = Object()
        scope["recipient"] = recipient(elements(line["actor"], at: "\(path).actor"), at: "\(path).actor")
        scope["purposes"] = .array(
            elements(line["purpose"], at: "\(path).purpose").enumerated().compactMap { index, purpose in
                known(purpose, "urn:lac:purpose", "\(path).purpose[\(index)]")
            })
        if line["code"] != nil {
            scope["groups"] = .array(
                elements(line["code"], at: "\(path).code").enumerated().compactMap { index, concept in
                    let place = "\(path).code[\(index)]"
                    let codings = elements(concept["coding"], at: "\(place).coding")
                    return known(codings.count == 1 ? codings[0] : .null, "urn:lac:field-group", place)
                })
        }
        for (index, element) in elements(line["modifierExtension"], at: "\(path).modifierExtension").enumerated() {
            let place = "\(path).modifierExtension[\(index)]"
            guard element["url"]?.stringValue == "urn:lac:about" else {
                fail(.unknownCode, "\(place).url", "Is not understood")
                continue
            }
            only(["url", "valueCode"], in: element, at: place)
            enter(element["valueCode"], as: "about", into: &scope, at: place)
        }
        return scope
    }

    private mutating func recipient(_ actors: [Value], at path: String) -> Value? {
        guard actors.count == 1 else {
            fail(.schema, path, "Must be exactly one")
            return nil
        }
        only(["role", "reference"], in: actors[0], at: path)
        expect(
            actors[0]["role"], "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", at: "\(path).role")
        let identifier = actors[0]["reference"]?["identifier"]
        guard identifier?["system"]?.stringValue == "urn:lac:recipient", let value = identifier?["value"] else {
            fail(.schema, "\(path).reference", "Must have an identifier of urn:lac:recipient")
            return nil
        }
        return value
    }

    /// The elements of a list. What is there must be one, and must not be empty, as FHIR has it.
    private mutating func elements(_ value: Value?, at path: String) -> [Value] {
        guard let value else { return [] }
        if let elements = value.arrayValue, !elements.isEmpty { return elements }
        fail(.schema, path, "Must be a list that is not empty")
        return []
    }

    /// A coding's code, if it is of the system.
    private mutating func known(_ coding: Value, _ system: String, _ path: String) -> Value? {
        if coding["system"]?.stringValue == system, let code = coding["code"] { return code }
        fail(.unknownCode, path, "Must be a code of \(system)")
        return nil
    }

    /// Complains of a concept that has not exactly this code.
    private mutating func expect(_ concept: Value?, _ system: String, _ code: String, at path: String) {
        let codings = elements(concept?["coding"], at: "\(path).coding")
        guard codings.count == 1, known(codings[0], system, path)?.stringValue == code else {
            return fail(.unknownCode, path, "Must be \(code)")
        }
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
            let place = [path, Finding.shown(key) ?? ""].filter { !$0.isEmpty }.joined(separator: ".")
            fail(.schema, place, "Is not understood, and may change what is permitted")
        }
    }

    private mutating func fail(_ code: FindingCode, _ path: String, _ text: String) {
        findings.append(Finding(code, at: path, text))
    }
}

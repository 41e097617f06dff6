package import Referral

/// A message of the Booking and Referral Standard as its receiver checks it before taking it in, and the reply to it
/// (NHS England's BaRS 1.4, https://simplifier.net/guide/nhsbookingandreferralstandard).
///
/// What a referral says is read by the adapter's mapping. Here is only what binds the exchange together: who sends to
/// whom, what kind of message it is, and what it is about.
package struct BaRSMessage: Sendable {
    /// Who receives.
    package struct Receiver: Sendable {
        /// Our ids in the directory of services, to which messages are addressed.
        package var services: Set<String>
        /// Our ODS code, where one has been allotted.
        package var ods: String?
        package var name: String

        package init(services: [String], ods: String?, name: String) {
            self.services = Set(services.map { $0.lowercased() })
            self.ods = ods
            self.name = name
        }
    }

    /// `Bundle.id`, to which the reply binds.
    package let id: String
    /// `servicerequest-request` and its like.
    package let event: String
    private let bundle: Value
    private let header: Value

    /// Reads a message, in JSON or XML.
    ///
    /// - Throws: as ``Peek/look(_:format:limits:)``; `schema` when it is no message bundle that begins with its header,
    ///   `missing` when it lacks an id or an event.
    package init(_ bytes: [UInt8], limits: Limits = .default) throws(DocumentError) {
        bundle = try FHIRResource.parse(bytes, limits: limits, byteOrderMark: .refused)
        guard bundle["resourceType"] == "Bundle", bundle["type"] == "message" else {
            throw DocumentError(.schema, at: "Bundle.type", "Must be a message")
        }
        guard let header = bundle["entry"]?[0]?["resource"], header["resourceType"] == "MessageHeader" else {
            throw DocumentError(.schema, at: "Bundle.entry[0]", "Must be the MessageHeader")
        }
        guard let id = bundle["id"]?.stringValue, !id.isEmpty else {
            throw DocumentError(.missing, at: "Bundle.id", "Is required")
        }
        guard let event = header["eventCoding"]?["code"]?.stringValue else {
            throw DocumentError(.missing, at: "MessageHeader.eventCoding", "Is required")
        }
        (self.header, self.id, self.event) = (header, id, event)
    }

    /// `Bundle.id` of the message that this one replies to; nil when it is no reply.
    package var repliesTo: String? { header["response"]?["identifier"]?.stringValue }

    /// What a reply says of the message: `ok`, `transient-error` or `fatal-error`.
    package var verdict: String? { header["response"]?["code"]?.stringValue }

    /// The id that the sender has for what the message is about.
    package var focusID: String? { entry(header["focus"]?[0])?["resource"]?["id"]?.stringValue }

    /// The first reason not to take the message in, in the standard's order: is it for us, is its kind known, is it whole.
    ///
    /// `not_for_us`, `unknown_code`, and `missing` or `schema`.
    ///
    /// - Parameter takes: Whether there is a way in for an event.
    package func fault(for receiver: Receiver, takes: (String) -> Bool) -> Finding? {
        let destination = header["destination"]?[0]
        guard let endpoint = destination?["endpoint"]?.stringValue, receiver.isAddressed(by: endpoint) else {
            return Finding(.notForUs, at: "MessageHeader.destination[0].endpoint", "Is not a service of ours")
        }
        if let ods = receiver.ods, let named = odsCode(of: entry(destination?["receiver"])?["resource"]), named != ods {
            return Finding(.notForUs, at: "MessageHeader.destination[0].receiver", "Is not this organisation")
        }
        guard takes(event) else {
            return Finding(.unknownCode, at: "MessageHeader.eventCoding", "No such message is taken from this partner")
        }
        guard ["new", "update", "delete"].contains(header["reason"]?["coding"]?[0]?["code"]?.stringValue) else {
            return Finding(.unknownCode, at: "MessageHeader.reason", "Must be new, update or delete")
        }
        guard let focus = entry(header["focus"]?[0])?["resource"] else {
            return Finding(.missing, at: "MessageHeader.focus[0]", "Must refer to what the message is about")
        }
        if header["source"]?["endpoint"]?.stringValue?.isEmpty ?? true {
            return Finding(.missing, at: "MessageHeader.source.endpoint", "Is required: the reply goes there")
        }
        return event == "servicerequest-request" ? fault(ofRequest: focus) : nil
    }

    private func fault(ofRequest request: Value) -> Finding? {
        guard request["resourceType"] == "ServiceRequest" else {
            return Finding(.schema, at: "MessageHeader.focus[0]", "Must be a ServiceRequest")
        }
        guard ["referral", "validation"].contains(where: { codes(of: request["category"]).contains($0) }) else {
            return Finding(.unknownCode, at: "ServiceRequest.category", "Must be referral or validation")
        }
        for name in ["status", "intent"] where request[name]?.stringValue?.isEmpty ?? true {
            return Finding(.missing, at: "ServiceRequest.\(name)", "Is required")
        }
        guard entry(request["subject"])?["resource"]?["resourceType"] == "Patient" else {
            return Finding(.missing, at: "ServiceRequest.subject", "Must refer to a Patient in the message")
        }
        return nil
    }

    /// The reply that it was taken in: a message bundle to whoever sent it.
    ///
    /// It names the request by the sender's own ids and the receipt; nothing of the person is in it.
    ///
    /// - Parameters:
    ///   - receipt: our id of the request; the ServiceRequest gets it.
    ///   - time: RFC 3339.
    ///   - findings: warnings, told in an OperationOutcome that the reply refers to.
    ///   - id: makes ids for the reply's resources.
    package func reply(
        from receiver: Receiver, receipt: String, time: String, findings: [Finding], id: () -> String
    ) -> Value {
        func url() -> String { "urn:uuid:\(id())" }
        func resource(_ type: String, _ members: Object, profile: String? = nil) -> Value {
            var meta: Object = ["lastUpdated": .string(time)]
            if let profile { meta["profile"] = [.string("https://fhir.nhs.uk/StructureDefinition/\(profile)")] }
            var object: Object = ["resourceType": .string(type), "id": .string(id()), "meta": .object(meta)]
            for (name, value) in members { object[name] = value }
            return .object(object)
        }
        func entry(_ url: String, _ resource: Value) -> Value { ["fullUrl": .string(url), "resource": resource] }
        let answer = event.replacing("-request", with: "-response")
        let (own, theirs, focus, outcome) = (url(), url(), url(), url())
        var response: Object = ["identifier": .string(self.id), "code": "ok"]
        if !findings.isEmpty { response["details"] = ["reference": .string(outcome)] }
        let message: Object = [
            "eventCoding": ["system": "https://fhir.nhs.uk/CodeSystem/message-events-bars", "code": .string(answer)],
            "destination": [
                ["endpoint": header["source"]?["endpoint"] ?? "", "receiver": ["reference": .string(theirs)]]
            ],
            "sender": ["reference": .string(own)],
            "source": [
                "name": .string(receiver.name), "endpoint": header["destination"]?[0]?["endpoint"] ?? "",
            ],
            "reason": [
                "coding": [
                    ["system": "https://fhir.nhs.uk/CodeSystem/message-reason-bars", "code": "new"]
                ]
            ],
            "response": .object(response),
            "focus": [["reference": .string(focus)]],
            "definition": .string("https://fhir.nhs.uk/MessageDefinition/bars-message-\(answer)-referral"),
        ]
        var entries = [
            entry(url(), resource("MessageHeader", message, profile: "BARSMessageHeader-\(answer)")),
            entry(focus, answeredFocus(receipt: receipt, time: time)),
            entry(own, resource("Organization", organisation(receiver.ods, receiver.name))),
            entry(
                theirs,
                resource("Organization", organisation(senderCode, header["source"]?["name"]?.stringValue ?? "sender"))),
        ]
        if !findings.isEmpty {
            let issues = findings.map { finding -> Value in
                let place = finding.path.isEmpty ? "" : "\(finding.path): "
                return ["severity": "warning", "code": "value", "diagnostics": .string(place + finding.text)]
            }
            entries.append(entry(outcome, resource("OperationOutcome", ["issue": .array(issues)])))
        }
        return [
            "resourceType": "Bundle", "id": .string(self.id),
            "meta": [
                "lastUpdated": .string(time), "profile": ["https://fhir.nhs.uk/StructureDefinition/BARSBundleMessage"],
            ],
            "type": "message", "timestamp": .string(time), "entry": .array(entries),
        ]
    }

    /// What the message was about, by type, code words and our id.
    private func answeredFocus(receipt: String, time: String) -> Value {
        let request = entry(header["focus"]?[0])?["resource"]
        let type = request?["resourceType"]?.stringValue ?? "ServiceRequest"
        var object: Object = [
            "resourceType": .string(type), "id": .string(receipt), "meta": ["lastUpdated": .string(time)],
        ]
        guard type == "ServiceRequest" else {
            // An appointment: its status and participants are the sender's to say.
            object["status"] = "proposed"
            object["participant"] = [["status": "needs-action"]]
            return .object(object)
        }
        object["status"] = request?["status"] ?? "active"
        object["intent"] = request?["intent"] ?? "plan"
        let codings = (request?["category"]?.arrayValue ?? []).flatMap { $0["coding"]?.arrayValue ?? [] }
        object["category"] = .array(
            codings.compactMap { coding in
                guard let system = coding["system"], let code = coding["code"] else { return nil }
                return ["coding": [["system": system, "code": code]]]
            })
        // The patient, by the address that the request has for it; another form of reference might be a local number.
        let subject = request?["subject"]?["reference"]?.stringValue ?? ""
        object["subject"] = ["reference": .string(subject.hasPrefix("urn:uuid:") ? subject : "urn:uuid:\(receipt)")]
        return .object(object)
    }

    private func organisation(_ ods: String?, _ name: String) -> Object {
        var object: Object = ["name": .string(name)]
        object["identifier"] = ods.map {
            [["system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": .string($0)]]
        }
        return object
    }

    private var senderCode: String? { odsCode(of: entry(header["sender"])?["resource"]) }

    private func odsCode(of organisation: Value?) -> String? {
        organisation?["identifier"]?.arrayValue?.first {
            $0["system"]?.stringValue?.lowercased().hasSuffix("/id/ods-organization-code") == true
        }?["value"]?.stringValue
    }

    /// The entry that a reference names.
    private func entry(_ reference: Value?) -> Value? {
        guard let reference = reference?["reference"]?.stringValue else { return nil }
        return bundle["entry"]?.arrayValue?.first { entry in
            guard let resource = entry["resource"] else { return false }
            let relative = resource["resourceType"]?.stringValue.flatMap { type in
                resource["id"]?.stringValue.map { "\(type)/\($0)" }
            }
            return entry["fullUrl"]?.stringValue == reference || relative == reference
        }
    }

    private func codes(of concepts: Value?) -> [String] {
        (concepts?.arrayValue ?? []).flatMap { $0["coding"]?.arrayValue ?? [] }.compactMap { $0["code"]?.stringValue }
    }
}

extension BaRSMessage.Receiver {
    /// Whether an endpoint, `https://fhir.nhs.uk/id/dos-service-id|ID` in whichever case, is one of ours.
    func isAddressed(by endpoint: String) -> Bool {
        let parts = endpoint.lowercased().split(separator: "|", maxSplits: 1)
        guard parts.count == 2, parts[0].hasSuffix("/id/dos-service-id") else { return false }
        return services.contains(String(parts[1]))
    }
}

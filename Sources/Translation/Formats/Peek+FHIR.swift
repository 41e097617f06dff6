import Referral

extension Peek {
    /// A FHIR resource; of a message Bundle, what its MessageHeader says (BaRS: nhs.uk booking and referral FHIR API 1.4).
    static func fhir(_ resource: Value, type: String) throws(DocumentError) -> Peek {
        let id = try resource["id"]?.stringValue.map { id throws(DocumentError) in try checked(id, at: "\(type).id") }
        let entries = resource["entry"]?.arrayValue ?? []
        let resources = FHIRResource.all(in: resource)
        let header = resources.first { $0["resourceType"] == "MessageHeader" }
        let patient = resources.first { $0["resourceType"] == "Patient" }
        let updated = resource["meta"]?["lastUpdated"]?.stringValue
        return Peek(
            format: .fhir, messageID: id, repeatID: id.map { id in updated.map { "\(id) \($0)" } ?? id },
            sender: header.flatMap { sender($0, in: entries) }, type: FHIRResource.subject(of: resource),
            threadID: header?["response"]?["identifier"]?.stringValue ?? id,
            nhsNumber: patient.flatMap { nhsNumber(identifier(of: $0, system: "nhs-number")) })
    }

    /// The sender's ODS code from the Organization that the header refers to, else the endpoint that it wrote from.
    private static func sender(_ header: Value, in entries: [Value]) -> String? {
        let reference = header["sender"]?["reference"]?.stringValue
        let organisation = entries.first { entry in
            guard let reference, let resource = entry["resource"], resource["resourceType"] == "Organization" else {
                return false
            }
            return entry["fullUrl"]?.stringValue == reference
                || resource["id"]?.stringValue.map { "Organization/\($0)" == reference } == true
        }
        let code = organisation?["resource"].flatMap { identifier(of: $0, system: "ods-organization-code") }
        return code ?? header["sender"]?["identifier"]?["value"]?.stringValue
            ?? header["source"]?["endpoint"]?.stringValue
    }

    /// The value of an identifier by the end of its system, which published examples write in both cases of `Id`.
    private static func identifier(of resource: Value, system: String) -> String? {
        resource["identifier"]?.arrayValue?.first {
            $0["system"]?.stringValue?.lowercased().hasSuffix("fhir.nhs.uk/id/" + system) == true
        }?["value"]?.stringValue
    }
}

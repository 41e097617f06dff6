import Referral

/// A look into a FHIR resource, in whichever form it came.
enum FHIRResource {
    /// FHIR's namespace in XML.
    static let namespace = "http://hl7.org/fhir"

    /// Reads a resource in JSON, or in XML into the tree of its JSON form.
    static func parse(
        _ bytes: [UInt8], limits: Limits, byteOrderMark: StrictJSON.ByteOrderMark = .allowed
    ) throws(DocumentError) -> Value {
        guard isXML(bytes) else { return try StrictJSON.parse(bytes, limits: limits, byteOrderMark: byteOrderMark) }
        var limits = limits
        limits.depth = Limits.xml.depth
        return try FHIRXML.value(of: try XMLDocument.parse(bytes, limits: limits))
    }

    /// The resources of a bundle; of any other resource, itself.
    static func all(in resource: Value) -> [Value] {
        guard resource["resourceType"] == "Bundle" else { return [resource] }
        return resource["entry"]?.arrayValue?.compactMap { $0["resource"] } ?? []
    }

    /// What a resource is about: of a message its event, else the resource that the rest of a bundle belongs to, else the
    /// type of the resource itself. Nil when it has no type.
    static func subject(of resource: Value) -> String? {
        let resources = all(in: resource)
        if let header = resources.first(where: { $0["resourceType"] == "MessageHeader" }) {
            // R4 has `eventCoding` and `eventUri`, STU3 `event`.
            let event = header["eventCoding"]?["code"] ?? header["event"]?["code"] ?? header["eventUri"]
            if let event = event?.stringValue { return event }
        }
        let types = resources.compactMap { $0["resourceType"]?.stringValue }
        if resource["type"] == "document", types.first == "Composition" { return "Composition" }
        return leading.first(where: types.contains) ?? resource["resourceType"]?.stringValue
    }

    /// The resources that ask for something, the more telling first.
    private static let leading = ["ServiceRequest", "ReferralRequest", "Task", "Composition"]

    private static func isXML(_ bytes: [UInt8]) -> Bool {
        bytes.dropFirst(bytes.hasByteOrderMark ? 3 : 0).first { ![0x09, 0x0A, 0x0D, 0x20].contains($0) }
            == UInt8(ascii: "<")
    }
}

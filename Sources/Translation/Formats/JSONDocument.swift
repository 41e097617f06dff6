import Referral

/// A look into a JSON document that is not FHIR.
enum JSONDocument {
    /// The `version` of fire services' home fire safety visits (partner interfaces, section 6).
    static let homeFireSafetyVisit = "HFSV v1"

    /// The type of message: `PPN` for a police notice, an event's `eventType`, else `type`. Nil where there is none.
    static func type(of document: Value) -> String? {
        if notice(document)?["header"]?["ppn_ref"] != nil { return "PPN" }
        return (document["eventType"] ?? document["type"])?.stringValue
    }

    /// A police notice: the document itself, or what stands under `ppn`.
    private static func notice(_ document: Value) -> Value? { document["ppn"] ?? document }
}

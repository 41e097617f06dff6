package import Referral

/// How people say the code words of messages.
package enum MessageWords {
    /// A state of a submission.
    package static func state(_ state: String) -> String {
        switch state {
        case "received": "Waiting to be worked on"
        case "quarantined": "Quarantined"
        case "held": "Held until a parent or guardian permits it"
        case "accepted": "Accepted"
        case "incomplete": "Incomplete"
        case "rejected": "Rejected"
        default: plain(state)
        }
    }

    /// Beside the words, never the colour alone.
    static func sign(_ state: String) -> (sign: String, style: String) {
        switch state {
        case "accepted": ("✓", "good")
        case "received", "held": ("◔", "odd")
        case "incomplete": ("!", "odd")
        default: ("✕", "bad")
        }
    }

    package static func channel(_ channel: String) -> String {
        switch channel {
        case "https": "HTTP"
        case "file": "Dropped file"
        case "mllp": "MLLP"
        case "form": "Public form"
        case "mesh": "MESH"
        case "email": "E-mail"
        case "staff_form": "Staff’s form"
        default: plain(channel)
        }
    }

    static func format(_ format: String) -> String {
        switch format {
        case "json": "JSON"
        case "hl7v2": "HL7 v2"
        case "fhir": "FHIR"
        case "xml": "XML"
        case "csv": "table"
        default: plain(format)
        }
    }

    /// What was found wrong.
    package static func cause(_ code: FindingCode) -> String {
        switch code {
        case .notParseable: "It cannot be parsed"
        case .encoding: "Its characters cannot be read"
        case .schema: "It is not built as agreed"
        case .missing: "Something is missing"
        case .invalidIdentifier: "A number fails its check"
        case .invalidDate: "A date is no date"
        case .unknownCode: "A code is not known"
        case .tooLarge: "It is too large"
        case .mediaType: "It is of a kind that is not taken"
        case .checksum: "Its checksum is wrong"
        case .incompleteSet: "Parts of it did not come"
        case .virus: "A virus was found"
        case .senderMismatch: "It names another sender"
        case .conflict: "Other content came under the same id"
        case .stale: "It is older than what is known"
        case .notForUs: "It is not for this hub"
        case .internal: "The hub made a mistake"
        }
    }

    static func cause(_ code: String) -> String { FindingCode(rawValue: code).map(cause) ?? plain(code) }

    private static func plain(_ word: String) -> String { word.replacing("_", with: " ") }
}

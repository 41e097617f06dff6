import Referral

/// Which answers the sender of an HL7 v2 message wants, by MSH-15 and MSH-16 (HL7 v2.4 section 2.9.2, table 0155).
package enum HL7AnswerMode: Sendable, Hashable {
    /// Both fields are empty: one answer, AA, AE or AR.
    case original
    /// A commit answer (CA, CE, CR) once it is stored, and an application answer (AA, AE, AR) once it is worked on.
    case enhanced(commit: Wish, application: Wish)

    /// When an answer is wanted.
    package enum Wish: String, Sendable, Hashable {
        case always = "AL"
        case never = "NE"
        case onError = "ER"
        case onSuccess = "SU"

        package func wants(success: Bool) -> Bool {
            switch self {
            case .always: true
            case .never: false
            case .onError: !success
            case .onSuccess: success
            }
        }
    }

    /// What a message asks for. Of two fields one that is empty is NE (section 2.9.2); a word that is in no table asks
    /// for everything, since an answer too many does less harm than a sender left waiting.
    ///
    /// - Parameter header: The message, or its header alone. What cannot be read is answered once.
    package init(_ header: HL7Message?) {
        let fields = [15, 16].map { header?.segments.first?.field($0).text.trimmed ?? "" }
        guard fields.contains(where: { !$0.isEmpty }) else {
            self = .original
            return
        }
        let wishes = fields.map { $0.isEmpty ? Wish.never : Wish(rawValue: $0.uppercased()) ?? .always }
        self = .enhanced(commit: wishes[0], application: wishes[1])
    }
}

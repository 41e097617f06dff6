/// Why somebody is to be shown a value, as the form asks it. There is no room for words of one's own: what is said goes onto
/// the ledger, which is never altered, and on which nothing about a person may stand.
package struct RevealForm: Sendable, Hashable {
    package enum Reason: String, CaseIterable, Sendable {
        case contact = "to_contact_the_person"
        case identity = "to_check_an_identity"
        case mapping = "to_mend_a_mapping"
        case request = "data_protection_request"
        case incident = "to_look_into_an_incident"
        case other

        package var words: String {
            switch self {
            case .contact: "To get in touch with the person"
            case .identity: "To check who somebody is"
            case .mapping: "To mend how documents are read"
            case .request: "A data protection request"
            case .incident: "To look into an incident"
            case .other: "Another reason"
            }
        }

        /// Whether a ticket or an incident must say more.
        var needsReference: Bool { self == .other || self == .incident }
    }

    package struct Mistake: Error, Hashable {
        package var field: String
        package var text: String
    }

    package var reason: Reason
    package var reference: String?
    /// Which value, as ``HiddenValue/key``.
    package var key: String
    /// Of the page that asks: what it asks for once is shown once.
    package var ask: String

    /// Reads what a page sent; or says everything that is wrong with it.
    package static func read(_ fields: [String: String]) -> Result<RevealForm, Mistakes> {
        var mistakes: [Mistake] = []
        let reason = fields["reason"].flatMap(Reason.init)
        if reason == nil { mistakes.append(Mistake(field: "reason", text: "Choose why you need to see the value")) }
        let entered = (fields["reference"] ?? "").filter { !$0.isWhitespace }.uppercased()
        if !entered.isEmpty, !isReference(entered) {
            mistakes.append(
                Mistake(
                    field: "reference",
                    text: "Enter the number of a ticket or incident, such as INC-1234: no date, and no year"))
        } else if entered.isEmpty, reason?.needsReference == true {
            mistakes.append(
                Mistake(field: "reference", text: "Enter the number of the ticket or incident that says more"))
        }
        let key = fields["field"] ?? ""
        if key.isEmpty { mistakes.append(Mistake(field: "", text: "Press Show beside the value that you need")) }
        guard mistakes.isEmpty, let reason else { return .failure(Mistakes(all: mistakes)) }
        return .success(
            RevealForm(
                reason: reason, reference: entered.isEmpty ? nil : entered, key: key, ask: fields["ask"] ?? ""))
    }

    package struct Mistakes: Error, Hashable {
        package var all: [Mistake]
    }

    /// Letters, a hyphen and digits, as tickets have them; not what reads as a date, or as a year in which somebody living was
    /// born, beside what may be a name. An NHS number is too long.
    private static func isReference(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && (1...4).contains(parts[0].utf8.count) && (1...7).contains(parts[1].utf8.count)
            && parts[0].utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            && parts[1].utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && !isDateOrYear(parts[1].utf8.map { Int($0 - UInt8(ascii: "0")) })
    }

    /// Whether digits read as a year, as `1943` and `2043`, or as a date of six digits in any order.
    private static func isDateOrYear(_ digits: [Int]) -> Bool {
        if digits.count == 4 { return [[1, 8], [1, 9], [2, 0]].contains(Array(digits[..<2])) }
        guard digits.count == 6 else { return false }
        let parts = [0, 2, 4].map { digits[$0] * 10 + digits[$0 + 1] }
        func isDate(_ day: Int, _ month: Int) -> Bool {
            (1...31).contains(parts[day]) && (1...12).contains(parts[month])
        }
        return isDate(0, 1) || isDate(1, 0) || isDate(2, 1)
    }
}

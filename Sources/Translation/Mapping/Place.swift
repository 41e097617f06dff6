/// Where in a document something stands, or which field it is for.
///
/// Places are noted for everything that is found and read only when something is wrong with it, so they are put into
/// words late.
indirect enum Place: Sendable {
    /// In these words; empty for the document as a whole.
    case named(String)
    /// `a.b`
    case member(Place, String)
    /// `a[0]`
    case element(Place, Int)
    /// `a/b`, and `a/b[2]` for the second of its name
    case child(Place, String, Int)
    /// `a/@b`
    case attribute(Place, String)
    /// `NTE`, and `NTE(2)` for the second of its name
    case segment(String, Int)
    /// `PID-3`, and `PID-3(2)` for the second repetition
    case field(Place, Int, Int)
    /// `PID-3.4.2`
    case part(Place, HL7Path)
    /// `line 3, dob`
    case column(Place, String)

    /// The document as a whole.
    static let document = Place.named("")

    /// The place in words.
    var text: String {
        switch self {
        case .named(let text): text
        case .member(let place, let name): Self.joined(place, ".", name)
        case .element(let place, let index): "\(place.text)[\(index)]"
        case .child(let place, let name, let position):
            Self.joined(place, "/", position > 1 ? "\(name)[\(position)]" : name)
        case .attribute(let place, let name): Self.joined(place, "/", "@\(name)")
        case .segment(let name, let occurrence): occurrence > 1 ? "\(name)(\(occurrence))" : name
        case .field(let place, let number, let repetition):
            "\(place.text)-\(number)" + (repetition > 1 ? "(\(repetition))" : "")
        case .part(let place, let path): "\(place.text)\(path)"
        case .column(let place, let name): Self.joined(place, ", ", name)
        }
    }

    private static func joined(_ place: Place, _ separator: String, _ name: String) -> String {
        let text = place.text
        return text.isEmpty ? name : text + separator + name
    }
}

extension Place: ExpressibleByStringLiteral {
    init(stringLiteral text: String) { self = .named(text) }
}

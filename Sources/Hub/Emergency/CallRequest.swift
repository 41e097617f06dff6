import Referral

/// The body of `POST /v1/emergency/calls`: what a control room asks for by phone, as whoever has called it back enters it.
///
/// Anybody can say on the phone that they are a control room. So nothing is told to who calls: they are called back, at a
/// number that the configuration has for that control room and no caller can choose.
struct CallRequest: Sendable {
    enum Asked: Sendable {
        case look(LookRequest)
        case reveal(RevealRequest)
    }

    /// The control room.
    let agency: String
    /// At which it was called back, as ``normal(_:)`` has it.
    let number: String
    /// Who of staff has called back, as an id inside the system that speaks for them.
    let answeredBy: String
    let asked: Asked

    /// - Parameter numbers: Those of each control room, as ``normal(_:)`` has them.
    /// - Throws: ``RequestError`` naming everything that is wrong, and no value.
    init(_ body: [UInt8], numbers: [String: Set<String>]) throws(RequestError) {
        var reader = try RequestReader(body)
        let agency = reader.id("agency", required: true)
        let number = reader.text("call_back", required: true, longest: 40).map(Self.normal)
        let answeredBy = reader.id("answered_by", required: true)
        if let agency {
            switch numbers[agency] {
            case nil: reader.fail(.schema, "agency", "No number to call it back at is known: emergency.call_back")
            case let known? where number.map({ known.contains($0) }) == false:
                reader.fail(.schema, "call_back", "Is no number of this control room's. Call it back at one that is")
            case _?: break
            }
        }
        try reader.finish()
        guard let agency, let number, let answeredBy, case .object(var rest)? = try? StrictJSON.parse(body) else {
            throw RequestError(findings: [])
        }
        (self.agency, self.number, self.answeredBy) = (agency, number, answeredBy)
        rest["call_back"] = nil
        rest["answered_by"] = nil
        if rest["reveal"] == nil {
            asked = .look(try LookRequest(StrictJSON.write(.object(rest)), by: agency))
        } else {
            rest["agency"] = nil
            asked = .reveal(try RevealRequest(StrictJSON.write(.object(rest))))
        }
    }

    /// A phone number however people write it: E.164 where it is one, else its digits, as of a switchboard's own.
    static func normal(_ text: String) -> String {
        Phone.normalise(text).normal ?? text.filter { $0.isASCII && $0.isNumber }
    }
}

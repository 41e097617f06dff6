package import Referral

/// A draft of an access card out of what referrals tell of a person, for the person to confirm.
///
/// It holds what a referral says in a field that means the same on a card, and nothing that would have to be guessed: free
/// text, other people and warnings that need more than a referral has are named in ``leftOut``, for whoever asks the person.
/// What belongs to a place, the key safe say, is that of the address on the card and of no other.
/// It has no `verified_on`, which is what confirming it adds.
package struct AccessCardDraft: Sendable, Hashable {
    /// A message that told something.
    package struct Source: Sendable, Hashable {
        package var referral: String
        package var receipt: String
        package var sender: String
        package var sentAt: Instant

        package init(referral: String, receipt: String, sender: String, sentAt: Instant) {
            self.referral = referral
            self.receipt = receipt
            self.sender = sender
            self.sentAt = sentAt
        }
    }

    /// Where in a message something stands, such as `risks[0]`.
    package struct Place: Sendable, Hashable {
        package var path: String
        package var source: Source
    }

    /// Where a part of the card comes from.
    package struct Origin: Sendable, Hashable {
        /// The part, such as `address` or `hazards[0]`.
        package var part: String
        package var place: Place
        /// Where earlier messages say something else of it, the latest first.
        package var others: [Place] = []
    }

    /// What a card could be about and the draft does not have.
    package struct LeftOut: Sendable, Hashable {
        package var place: Place
        /// In plain words, without a value.
        package var reason: String
    }

    /// The document that saving a card takes, but for `verified_on`.
    package private(set) var card = Object()
    package private(set) var origins: [Origin] = []
    package private(set) var leftOut: [LeftOut] = []

    /// - Parameter told: What the messages say, in the order in which they were sent: of two that differ the later holds.
    package init(_ told: [(source: Source, referral: Referral)]) {
        let told = Array(told.reversed())
        let home = carryAddress(told)
        let ofHome = told.indices.map { home.isMeant(by: told[$0].referral.address, after: told[($0 + 1)...]) }
        for (name, read) in [("key_safe", { $0.keySafe }), ("entry", { $0.entry })] as [(String, (Referral) -> Part?)] {
            var kept = told
            for index in kept.indices where home == .nowhere || !ofHome[index] {
                if let part = read(told[index].referral), !part.value.isEmpty {
                    leave(part.path, of: told[index].source, home.refusal, saying: .object(part.value))
                }
                kept[index].referral.extensions = []
            }
            carry(name, kept[...], read)
        }
        let hazards = told.indices.map { index in
            let (source, referral) = told[index]
            let claims = referral.hazards
            guard !ofHome[index] else { return (source: source, claims: claims) }
            let whole = referral.value
            for claim in claims where claim.isOfPlace {
                leave(claim.path, of: source, home.refusal, saying: whole[path: claim.path] ?? .string(claim.kind))
            }
            return (source: source, claims: claims.filter { !$0.isOfPlace })
        }
        carry("hazards", hazards, kinds: AccessCard.Hazard.allCases.map(\.rawValue))
        let critical = told.map { (source: $0.source, claims: $0.referral.critical) }
        carry("crit", critical, kinds: AccessCard.Critical.allCases.map(\.rawValue))
        for (source, referral) in told {
            let whole = referral.value
            for (path, reason) in referral.notOnACard where !isLeft(path, of: source) {
                leave(path, of: source, reason, saying: whole[path: path] ?? .string(path))
            }
        }
    }

    /// What ``leftOut`` has, by why and what stands there: a sender's every message may repeat it.
    private var said: Set<[Value]> = []

    private mutating func leave(_ path: String, of source: Source, _ reason: String, saying value: Value) {
        guard said.insert([.string(reason), value]).inserted else { return }
        leave(path, of: source, reason)
    }

    private mutating func leave(_ path: String, of source: Source, _ reason: String) {
        leftOut.append(LeftOut(place: Place(path: path, source: source), reason: reason))
    }

    /// Whether a later message has said the same.
    private func leaves(_ path: String, _ reason: String) -> Bool {
        leftOut.contains { $0.place.path == path && $0.reason == reason }
    }

    /// Whether something is named already in which this stands.
    private func isLeft(_ path: String, of source: Source) -> Bool {
        leftOut.contains { $0.place.source == source && path.hasPrefix($0.place.path + ".") }
    }

    /// The address is one thing, never mixed of two.
    ///
    /// It is the latest by which somebody is found. One with neither postcode nor UPRN hides none. That there is no fixed abode
    /// does, and so does a later one that cannot be carried and is not plainly the same: then the card has none, as it must
    /// not send a crew where the person may have lived before.
    ///
    /// - Returns: Of where the rest of the card is.
    private mutating func carryAddress(_ told: [(source: Source, referral: Referral)]) -> Home {
        let settled = told.firstIndex { $0.referral.address.map { $0.isNowhere || $0.isFound } ?? false }
        let standing = settled.flatMap { told[$0].referral.address }
        let later = told.prefix(settled ?? told.count)
        let other = later.lazy.compactMap(\.referral.address).first { address in
            address.isCoded && !(standing.map { $0.isFound && address.mayBe($0) } ?? false)
        }
        let home: Home
        let read: ArraySlice<(source: Source, referral: Referral)>
        if let other {
            (home, read) = (.place(other), later)
        } else if let standing, let settled {
            (home, read) = standing.isFound ? (.place(standing), told[...]) : (.nowhere, told.prefix(settled + 1))
        } else {
            let located = told.lazy.compactMap(\.referral.address).first(where: \.isLocated)
            (home, read) = (located.map(Home.place) ?? .unsaid, told[...])
        }
        carry("address", read) { $0.address?.part }
        for (source, referral) in told[read.count...] {
            guard let value = referral.address?.part.value, !value.isEmpty else { continue }
            let reason =
                home == .nowhere
                ? "A later message says that there is no fixed abode" : "A later message says another address"
            leave("address", of: source, reason, saying: .object(value))
        }
        return home
    }

    /// Carries a section over as the latest message has it that has one.
    private mutating func carry(
        _ name: String, _ told: ArraySlice<(source: Source, referral: Referral)>, _ read: (Referral) -> Part?
    ) {
        var kept: Origin?
        for (source, referral) in told {
            guard let part = read(referral) else { continue }
            let place = Place(path: part.path, source: source)
            if kept != nil {
                if !part.value.isEmpty, card[name] != .object(part.value) { kept?.others.append(place) }
                continue
            }
            for (path, reason) in part.leftOut where !leaves(path, reason) { leave(path, of: source, reason) }
            guard !part.value.isEmpty else { continue }
            card[name] = .object(part.value)
            kept = Origin(part: name, place: place)
        }
        if let kept { origins.append(kept) }
    }

    /// Carries the elements of a list over: those of a kind as the latest message has them that has any of it. A kind that a
    /// later message does not mention stays: nobody says that it is gone.
    private mutating func carry(
        _ name: String, _ claims: [(source: Source, claims: [Claim])], kinds: [String]
    ) {
        var elements: [Value] = []
        for kind in kinds {
            var kept: [Claim] = []
            var others: [Place] = []
            var source: Source?
            for (teller, claims) in claims {
                let said = claims.of(kind)
                if source == nil, !said.isEmpty {
                    (kept, source) = (said, teller)
                } else {
                    // One that only says that it is so says nothing else.
                    let other = said.filter { claim in claim.text != nil && !kept.contains { $0.text == claim.text } }
                    others += other.map { Place(path: $0.path, source: teller) }
                }
            }
            guard let source else { continue }
            for claim in kept {
                var element: Value = ["kind": .string(kind)]
                if let text = claim.text {
                    element["text"] = text.onACard(longest: 500).map(Value.string)
                    if element["text"] == nil {
                        leave(claim.path, of: source, "Is too long, or no words: say it shorter")
                    }
                }
                origins.append(
                    Origin(
                        part: "\(name)[\(elements.count)]", place: Place(path: claim.path, source: source),
                        others: others))
                elements.append(element)
            }
        }
        if !elements.isEmpty { card[name] = .array(elements) }
    }
}

/// A section as one message has it.
private struct Part {
    /// Where it stands there.
    var path: String
    var value = Object()
    /// What of it a card does not take, and why.
    var leftOut: [(path: String, reason: String)] = []
}

/// An element of a list, as a message has it.
private struct Claim {
    var kind: String
    var text: String?
    var path: String
    /// Whether it is about where the person lives: another home has it not.
    var isOfPlace = false
}

/// Of where a card is.
private enum Home: Equatable {
    /// No message says.
    case unsaid
    case nowhere
    /// Whether or not a card can have the address.
    case place(Address)

    /// Why what is said of somewhere else is left out.
    var refusal: String { self == .nowhere ? "There is no fixed abode" : "Said of another address" }

    /// Whether a message means this by where the person lives: what it says itself, else what was said last before it.
    ///
    /// - Parameter earlier: The messages before it, the latest first.
    func isMeant(
        by address: Address?, after earlier: ArraySlice<(source: AccessCardDraft.Source, referral: Referral)>
    ) -> Bool {
        guard self != .unsaid else { return true }
        if let address, address.isNowhere || address.isLocated { return isSaid(by: address) }
        return earlier.lazy.compactMap(\.referral.address).first(where: settles).map(isSaid) ?? false
    }

    private func isSaid(by address: Address) -> Bool {
        guard case .place(let home) = self else { return address.isNowhere }
        return !address.isNowhere && address.isSame(as: home)
    }

    /// Whether somebody who says an address lives here from then on, or does not.
    private func settles(_ address: Address) -> Bool {
        if isSaid(by: address) || address.isNowhere { return true }
        guard case .place(let home) = self else { return address.isCoded }
        return address.isCoded && !address.mayBe(home)
    }
}

extension [Claim] {
    /// Those of a kind, each text once; without a text only where none has one.
    fileprivate func of(_ kind: String) -> [Claim] {
        var said: [Claim] = []
        for claim in self where claim.kind == kind && !said.contains(where: { $0.text == claim.text }) {
            said.append(claim)
        }
        let worded = said.filter { $0.text != nil }
        return worded.isEmpty ? said : worded
    }
}

extension Address {
    /// Whether it says that there is none.
    fileprivate var isNowhere: Bool { noFixedAbode == true && !isFound }

    /// Whether somebody is found by it.
    fileprivate var isFound: Bool { !part.value.isEmpty }

    /// Whether it has what says by itself that it is somewhere, be it right or not.
    fileprivate var isCoded: Bool { postcode != nil || uprn != nil }

    private var normalPostcode: String? { postcode.flatMap { Postcode.normalise($0).normal } }

    private var normalUPRN: String? { uprn.flatMap { AccessCard.uprn($0).normal } }

    /// The lines, with the town and without it, in letters and digits.
    private var folded: Set<String> {
        func fold(_ texts: [String]) -> String { texts.joined().lowercased().filter { $0.isLetter || $0.isNumber } }
        return Set([fold(lines), fold(lines + [town].compactMap { $0 })]).subtracting([""])
    }

    /// Whether it is the same place: of the same UPRN, or else of the same postcode and lines.
    fileprivate func isSame(as other: Address) -> Bool {
        if let own = normalUPRN, let uprn = other.normalUPRN { return own == uprn }
        return (normalPostcode ?? postcode) == (other.normalPostcode ?? other.postcode)
            && !folded.isDisjoint(with: other.folded)
    }

    /// Whether it plainly is the same place as far as it goes: of the same postcode, if it has no lines that differ.
    fileprivate func mayBe(_ other: Address) -> Bool {
        if isSame(as: other) { return true }
        guard let own = normalPostcode, own == other.normalPostcode, !Postcode.isPseudo(own) else { return false }
        return normalUPRN == nil && lines.isEmpty
    }

    /// As a card has it: empty where nobody is found by it.
    fileprivate var part: Part {
        var part = Part(path: "address")
        var texts = lines + [town].compactMap { $0 }
        // A card has no line for the town, and one that runs on is found as well.
        if texts.count > 5 { texts[4...] = [texts[4...].joined(separator: ", ")] }
        let words = texts.compactMap { $0.onACard(longest: 200) }
        if words.count == texts.count {
            if !words.isEmpty { part.value["lines"] = .array(words.map(Value.string)) }
        } else {
            part.leftOut.append(("address.lines", "A card has lines of up to 200 bytes, the town among them"))
        }
        if let postcode {
            if let normal = Postcode.normalise(postcode).normal, !Postcode.isPseudo(normal) {
                part.value["postcode"] = .string(normal)
            } else {
                part.leftOut.append(("address.postcode", "Is no postcode of a place"))
            }
        }
        if let uprn {
            if let normal = AccessCard.uprn(uprn).normal {
                part.value["uprn"] = .string(normal)
            } else {
                part.leftOut.append(("address.uprn", "A UPRN is up to 12 digits"))
            }
        }
        let isFound = part.value["uprn"] != nil || part.value["postcode"] != nil && part.value["lines"] != nil
        if !isFound {
            part.value = Object()
            if isLocated { part.leftOut.append(("address", "Nobody is found by it: a UPRN, or a postcode and lines")) }
        }
        if noFixedAbode == true { part.leftOut.append(("address.no_fixed_abode", "A card says where somebody is")) }
        if safeToVisit == false {
            part.leftOut.append(("address.safe_to_visit", "Does not say what the danger is"))
        }
        return part
    }
}

extension Referral {
    private static let somebodyElse = "Is somebody else: on a card only where the person names them"
    private static let freeText = "Free text: read it for what belongs on a card"

    /// What stands under a name of the card's own in the extensions, where its group is that of the card.
    private func extended(_ section: String) -> [(key: String, item: Extension)] {
        let group = AccessCard.sections.first { $0.name == section }?.group
        return extensions.compactMap { item in
            guard item.group == group, item.name.hasPrefix(section + ".") else { return nil }
            return (String(item.name.dropFirst(section.count + 1)), item)
        }
    }

    fileprivate var keySafe: Part? {
        let told = extended("key_safe")
        guard !told.isEmpty else { return nil }
        var part = Part(path: "extensions.key_safe")
        var isPresent: Bool?
        for (key, item) in told {
            switch (key, item.value) {
            case ("present", .bool(let flag)): isPresent = flag
            case ("location", _): part.take(item, as: key, longest: 500)
            case ("code", _): part.take(item, as: key, longest: 40)
            default: part.leave(item)
            }
        }
        // Whoever says where it is says that it is there.
        let isThere = isPresent ?? (part.value.isEmpty ? nil : true)
        if isThere == false, !part.value.isEmpty {
            part.value = Object()
            part.leftOut.append((part.path, "Says where a key safe is that is not there"))
        } else if let isThere {
            part.value["present"] = .bool(isThere)
        }
        return part
    }

    fileprivate var entry: Part? {
        let told = extended("entry")
        guard !told.isEmpty else { return nil }
        var part = Part(path: "extensions.entry")
        for (key, item) in told {
            switch (key, item.value) {
            case ("lift", .bool(let flag)): part.value[key] = .bool(flag)
            case ("door", _), ("floor", _), ("dog", _), ("parking", _): part.take(item, as: key, longest: 200)
            case ("alarm_code_holder", _): part.leave(item, Self.somebodyElse)
            default: part.leave(item)
            }
        }
        return part
    }

    fileprivate var hazards: [Claim] {
        var claims: [Claim] = []
        for (index, risk) in risks.enumerated() {
            if let kind = risk.code?.code?.hazard {
                claims.append(Claim(kind: kind.rawValue, path: "risks[\(index)]", isOfPlace: kind.isOfPlace))
            }
        }
        for (index, need) in needs.enumerated() where need == .known(.hoarding) {
            let kind = AccessCard.Hazard.hoarding
            claims.append(Claim(kind: kind.rawValue, path: "needs[\(index)]", isOfPlace: kind.isOfPlace))
        }
        return claims
    }

    fileprivate var critical: [Claim] {
        var claims: [Claim] = []
        for (key, item) in extended("crit") {
            guard let kind = AccessCard.Critical(rawValue: key), let text = item.value.wording else { continue }
            claims.append(Claim(kind: kind.rawValue, text: text.isEmpty ? nil : text, path: "extensions.\(item.name)"))
        }
        for (index, risk) in risks.enumerated() {
            guard let (kind, words) = risk.code?.code?.critical else { continue }
            claims.append(Claim(kind: kind.rawValue, text: words, path: "risks[\(index)]"))
        }
        for (index, need) in needs.enumerated() where need == .known(.mobility) {
            claims.append(Claim(kind: AccessCard.Critical.mobility.rawValue, path: "needs[\(index)]"))
        }
        if person.interpreter == true {
            let text = person.language.map { "Needs an interpreter, language: \($0)" } ?? "Needs an interpreter"
            claims.append(
                Claim(kind: AccessCard.Critical.communication.rawValue, text: text, path: "person.interpreter"))
        }
        return claims
    }

    /// What a card could be about, by its path, and why it is not on one.
    fileprivate var notOnACard: [(path: String, reason: String)] {
        var left: [(String, String)] = []
        for (index, risk) in risks.enumerated() {
            let path = "risks[\(index)]"
            switch risk.code {
            case .known(.danger(.violence)):
                left.append((path, "A violence marker needs who set it and until when it holds"))
            case .known(let code) where code.hazard != nil || code.critical != nil:
                // Whoever wrote it wrote to the team, and often of others.
                if risk.detail != nil { left.append((path + ".detail", Self.freeText)) }
            case .known(let code) where code.group == .hazard || risk.toVisitors == true:
                left.append((path, "A card has no word for this danger"))
            case .unknown: left.append((path, "Is no code that the hub knows"))
            case nil where risk.detail != nil: left.append((path, Self.freeText))
            case .known, nil: break
            }
        }
        for (index, need) in needs.enumerated() where need == .known(.fireRisk) {
            left.append(("needs[\(index)]", "A card has no word for this danger"))
        }
        for index in household.indices {
            left.append(("household[\(index)]", Self.somebodyElse))
        }
        if reason != nil { left.append(("reason", Self.freeText)) }
        if notes != nil { left.append(("notes", Self.freeText)) }
        let groups = Set(AccessCard.sections.map(\.group))
        for item in extensions where groups.contains(item.group) && !isCarried(item) {
            left.append(("extensions.\(item.name)", "Has no place of its own on a card"))
        }
        return left
    }

    /// Whether one of the sections says what becomes of it.
    private func isCarried(_ item: Extension) -> Bool {
        if extended("key_safe").contains(where: { $0.item == item }) { return true }
        if extended("entry").contains(where: { $0.item == item }) { return true }
        return extended("crit").contains { $0.item == item && AccessCard.Critical(rawValue: $0.key) != nil }
            && item.value.wording != nil
    }
}

extension Part {
    fileprivate mutating func take(_ item: Extension, as key: String, longest: Int) {
        guard let text = item.value.textValue?.onACard(longest: longest) else { return leave(item) }
        value[key] = .string(text)
    }

    fileprivate mutating func leave(_ item: Extension, _ reason: String = "Is not what a card has there") {
        leftOut.append(("extensions.\(item.name)", reason))
    }
}

extension AccessCard.Hazard {
    /// Whether it stays behind when the person moves.
    fileprivate var isOfPlace: Bool {
        switch self {
        case .hoarding, .structural, .dog, .chemical: true
        case .oxygen, .smokingInBed, .violenceMarker: false
        }
    }
}

extension RiskCode {
    /// The danger that a card calls the same.
    fileprivate var hazard: AccessCard.Hazard? {
        switch self {
        case .need(.hoarding): .hoarding
        case .danger(.oxygen): .oxygen
        case .danger(.smokingInBed): .smokingInBed
        case .danger(.dog): .dog
        case .danger(.structural): .structural
        case .danger(.chemical): .chemical
        case .need, .alert, .danger: nil
        }
    }

    /// What a crew must know, and what the code says of it.
    fileprivate var critical: (AccessCard.Critical, String?)? {
        switch self {
        case .need(.mobility): (.mobility, nil)
        case .alert(.wheelchair): (.mobility, "Wheelchair")
        case .alert(.physicalSupport): (.mobility, "Needs physical support")
        case .alert(.hearing): (.communication, "Hearing")
        case .alert(.vision): (.communication, "Sight")
        case .alert(.language): (.communication, "Language")
        case .alert(.capacity): (.capacity, "Power of attorney")
        case .need, .alert, .danger: nil
        }
    }
}

extension Value {
    /// What stands in an extension, as words: a code, several, or nothing but that it is so. Nil where it is not so, or is
    /// something else.
    fileprivate var wording: String? {
        if case .bool(let flag) = self { return flag ? "" : nil }
        let texts = (arrayValue ?? [self]).map(\.textValue)
        let words = texts.compactMap { $0.map { String($0.map { $0 == "_" ? " " : $0 }) } }
        return words.count == texts.count && !words.isEmpty ? words.joined(separator: ", ") : nil
    }
}

extension String {
    /// As a card takes it: on one line, and neither empty nor too long.
    fileprivate func onACard(longest: Int) -> String? {
        let text = split { $0.isNewline || $0 == "\t" }.joined(separator: " ").trimmed
        return text.utf8.count <= longest && text.isWords ? text : nil
    }
}

extension AccessCardDraft {
    /// `{card, sources, left_out}`, the last where there is something.
    package var value: Object {
        var value: Object = ["card": .object(card), "sources": .array(origins.map(\.value))]
        if !leftOut.isEmpty {
            value["left_out"] = .array(
                leftOut.map { left in
                    var value = left.place.value
                    value["why"] = .string(left.reason)
                    return value
                })
        }
        return value
    }
}

extension AccessCardDraft.Origin {
    fileprivate var value: Value {
        var value = place.value
        value["part"] = .string(part)
        if !others.isEmpty { value["others"] = .array(others.map(\.value)) }
        return value
    }
}

extension AccessCardDraft.Place {
    fileprivate var value: Value {
        [
            "path": .string(path), "referral_id": .string(source.referral), "receipt_id": .string(source.receipt),
            "sender": .string(source.sender), "sent_at": .string(source.sentAt.rfc3339),
        ]
    }
}

import Matching
import Postgres

/// The persons whom a round of intake makes, so that two who may be one are seen though neither is in the database yet.
struct NewcomerIndex {
    private let matcher: Matcher
    private var holders: [[UInt8]: [NewPerson]] = [:]

    /// Of so many under one key the others are passed over, as among those who are stored.
    private static let mostHolders = 12

    init(_ matcher: Matcher) {
        self.matcher = matcher
    }

    /// Adds to the fate of a message that opens a person whoever of those before may be the same.
    mutating func complete(_ fate: IntakeFate) -> IntakeFate {
        guard case .new(let person, let found) = fate else { return fate }
        let numbers = person.fingerprint.numberKeys
        var met: [UUIDValue: NewPerson] = [:]
        for key in person.fingerprint.searchKeys + numbers {
            for other in holders[key] ?? [] { met[other.id] = other }
        }
        for key in person.fingerprint.blockingKeys + numbers where holders[key, default: []].count < Self.mostHolders {
            holders[key, default: []].append(person)
        }
        let findings = met.values.map { other in
            MatchFinding(known: other.id, score: matcher.compare(person.fingerprint, other.fingerprint))
        }
        return .new(person, findings: MatchFinding.chosen(found + findings))
    }
}

extension IntakeFate {
    /// The same, with nobody to compare who was not made after all.
    func without(_ refused: Set<UUIDValue>) -> IntakeFate {
        guard !refused.isEmpty, case .new(let person, let findings) = self else { return self }
        return .new(person, findings: findings.filter { !refused.contains($0.known) })
    }
}

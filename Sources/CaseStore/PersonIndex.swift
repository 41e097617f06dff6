import Matching
import Referral
import Vault

/// The blind indexes under which a message's person may be known.
struct PersonIndex {
    struct Identifier: Hashable {
        let index: [UInt8]
        let isVerified: Bool
    }

    /// Of the verified NHS number.
    let nhs: [UInt8]?
    let birthDate: [UInt8]?
    /// Of every number that names a person, the NHS number among them.
    let identifiers: [Identifier]
    /// Of the sender's own numbers, by which its notices find their person.
    let ownNumbers: [[UInt8]]
    /// Those of ``ownNumbers`` that the sender no longer uses, because it found two of its records to be one person's.
    let mergedNumbers: [[UInt8]]

    init(_ referral: Referral, sender: String, vault: Vault) {
        nhs = referral.verifiedNHSNumber.map { vault.blindIndex(.nhsNumber, $0) }
        birthDate = referral.person.dob.map { vault.blindIndex(.birthDate, $0.iso) }
        var identifiers: [[UInt8]: Bool] = [:]
        var ownNumbers: [[UInt8]] = []
        for identifier in referral.person.identifiers {
            guard let type = identifier.type.code, let scope = type.scope(sender: sender) else { continue }
            let index =
                type == .nhsNumber
                ? vault.blindIndex(.nhsNumber, identifier.value)
                : vault.blindIndex(.identifier, "\(type.rawValue)|\(scope)|\(identifier.value)")
            identifiers[index] = identifiers[index] ?? false || identifier.verified
            if !scope.isEmpty { ownNumbers.append(index) }
        }
        mergedNumbers = referral.mergedNumbers.map {
            vault.blindIndex(.identifier, "\($0.type.rawValue)|\(sender)|\($0.value)")
        }
        for index in mergedNumbers where !ownNumbers.contains(index) {
            ownNumbers.append(index)
            identifiers[index] = identifiers[index] ?? false
        }
        self.identifiers = identifiers.map { Identifier(index: $0.key, isVerified: $0.value) }
        self.ownNumbers = ownNumbers
    }
}

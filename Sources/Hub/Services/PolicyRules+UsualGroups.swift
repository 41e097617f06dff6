import Disclosure
import Referral
import Translation

extension PolicyRules {
    /// What is asked for when nobody says: of the groups that the recipient's document can hold, those that the purpose
    /// and, where it counts, the recipient's ceiling admit. The person's agreement may still permit less.
    func usualGroups(
        of outbound: Outbound?, for recipient: String, _ purpose: String, at level: String
    ) -> Set<FieldGroup> {
        guard let outbound, let purpose = Purpose(rawValue: purpose),
            let row = row(purpose, Level(rawValue: level) ?? .identifiable)
        else { return [] }
        guard purpose.family == .consent || purpose.family == .emergency,
            case .recipient(let entry, _) = register[recipient], let ceiling = ceilings[entry.id]
        else { return outbound.groups.intersection(row.groups) }
        return outbound.groups.intersection(row.groups).intersection(ceiling)
    }
}

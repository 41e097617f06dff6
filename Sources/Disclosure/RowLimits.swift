import Referral

/// What no file of rules may loosen: the hard rules of disclosure policy, section 11, held against one row.
struct RowLimits {
    /// A key of the row, and what is wrong with it.
    struct Breach {
        let key: String
        let text: String
    }

    private(set) var breaches: [Breach] = []

    init(_ row: MatrixRow, _ register: RecipientRegister) {
        recipients(row, register)
        groups(row)
        channels(row)
    }

    private mutating func recipients(_ row: MatrixRow, _ register: RecipientRegister) {
        let isToThePerson = [.subjectNotice, .subjectRights].contains(row.purpose)
        let allowed: Set<String>? =
            switch row.purpose {
            case .subjectNotice, .subjectRights: ["subject"]
            case .nfi: ["cabinet_office"]
            case .ipsosEvaluation: ["ipsos"]
            // Section 12, reading 4.
            case .emergency: ["emas", "derbys_police", "derbys_fire"]
            default: nil
            }
        if let allowed, !row.recipients.isSubset(of: allowed) {
            let names = allowed.sorted().joined(separator: ", ")
            breach("recipients", "\(row.purpose.rawValue) is for \(names) only")
        } else if !isToThePerson, row.recipients.contains("subject") {
            breach("recipients", "names the person, who has purposes of their own")
        }
        let others = Set(register.recipients.values.lazy.filter { $0.standing != .person }.map(\.id))
        if row.purpose != .rightsNotice, !others.isEmpty, row.recipients.isSuperset(of: others) {
            breach("recipients", "names everybody")
        }
        let admitted: MatrixRow.Unlisted? =
            switch row.purpose {
            case .safeguarding, .fraudPrevention, .legalStatutory: .publicBody
            case .researchEvaluation: .researchThirdParty
            default: nil
            }
        if let unlisted = row.unlisted, unlisted != admitted {
            breach("unlisted", "\(row.purpose.rawValue) is not for a \(unlisted.rawValue)")
        }
    }

    private mutating func groups(_ row: MatrixRow) {
        let onlyOrdered: Set<FieldGroup> = [.notes, .offence]
        if ![.legalStatutory, .subjectRights, .rightsNotice].contains(row.purpose) {
            forbid(onlyOrdered, in: row, "leave only when an order names them, or to the person")
        }
        if ![.legalStatutory, .rightsNotice].contains(row.purpose) {
            forbid([.thirdParty], in: row, "is about somebody else")
        }
        if row.level != .identifiable {
            forbid(
                [.name, .dob, .nhsNumber, .nino, .address, .contact, .notes, .access, .family, .thirdParty], in: row,
                "tells who somebody is")
        }
        switch row.purpose {
        case .careSupport, .supportReferral, .benefitsSupport, .housingSupport:
            forbid([.link, .access], in: row, "no agreement covers")
            level(row, [.identifiable])
        case .emergency:
            forbid([.nino, .finance, .housing, .link, .outcomes, .service], in: row, "does not help in an emergency")
            level(row, [.identifiable])
        case .safeguarding, .fraudPrevention: level(row, [.identifiable])
        case .nfi:
            forbid([.health, .critical, .nhsNumber, .risk, .needs], in: row, "is health data")
            level(row, [.identifiable])
        case .researchEvaluation:
            forbid([.name, .address, .contact, .nino, .family, .access], in: row, "research never gets")
        case .ipsosEvaluation: level(row, [.anonymised, .pseudonymised])
        case .healthPlanning: level(row, [.anonymised])
        case .legalStatutory: break
        case .subjectNotice:
            forbid(
                Set(FieldGroup.allCases).subtracting([.name, .contact, .service]), in: row,
                "a housemate should not see")
            level(row, [.identifiable])
        case .subjectRights, .rightsNotice: level(row, [.identifiable])
        }
    }

    private mutating func channels(_ row: MatrixRow) {
        let most: Set<ReleaseChannel> =
            switch row.purpose {
            case .nfi: [.nfiWeb]
            case .emergency: .anyButPlainEmail
            case .subjectNotice: .personal
            case .subjectRights: .protectedOrByHand
            case .researchEvaluation where row.level == .identifiable: .encryptedEmail
            case .researchEvaluation, .ipsosEvaluation, .healthPlanning:
                row.level == .anonymised ? .anyKnown : .protected
            default: .protected
            }
        let excess = row.channels.subtracting(most)
        if !excess.isEmpty {
            breach("channels", "\(PolicyFileReader.list(excess)) cannot carry \(row.purpose.rawValue)")
        }
    }

    private mutating func forbid(_ groups: Set<FieldGroup>, in row: MatrixRow, _ why: String) {
        let found = row.groups.intersection(groups)
        if !found.isEmpty { breach("groups", "names \(PolicyFileReader.list(found)): \(why)") }
    }

    private mutating func level(_ row: MatrixRow, _ levels: Set<Level>) {
        if !levels.contains(row.level) {
            breach("level", "\(row.purpose.rawValue) is never \(row.level.rawValue)")
        }
    }

    private mutating func breach(_ key: String, _ text: String) { breaches.append(Breach(key: key, text: text)) }
}

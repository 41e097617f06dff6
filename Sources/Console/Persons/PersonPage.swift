package import Referral

extension Console {
    package static func personPath(_ id: String) -> String { "\(Section.people.path)/\(id)" }
    package static func personLooksPath(_ id: String) -> String { "\(personPath(id))/looks" }
    package static func newSharePath(_ person: String) -> String { "\(personPath(person))/shares/new" }
    package static func newAgreementPath(_ person: String) -> String { "\(personPath(person))/agreements/new" }
    package static func withdrawPath(_ person: String, _ agreement: String) -> String {
        "\(personPath(person))/agreements/\(agreement)/withdraw"
    }

    /// Everything about one person on one page: who it is, the case, what the agreements permit, who was told what.
    ///
    /// No name is in its title: a browser keeps titles.
    package func person(
        _ file: PersonFile, at now: Instant, entered: Entered = Entered(), _ reader: Reader, sections: Set<Section>
    ) -> String {
        let path = Self.personPath(file.id)
        func more(_ part: String, _ next: String?) -> Any { next.map { "\(path)?\(part)=\($0)#\(part)" } ?? false }
        var values: [String: Any] = [
            "path": path, "personID": file.id, "heading": "A person",
            "merged": file.merged.map { Reference("Person", $0).view }, "wasMerged": !file.merged.isEmpty,
            "looksPath": file.rights.readLooks || file.rights.readLedger ? Self.personLooksPath(file.id) : false,
            "lifePath": file.rights.readTrace ? Reference("Person", file.id).path : false,
            "searchPath": sections.contains(.people) ? Section.people.path : false,
            "caseState": file.caseState.map { $0.humanised } ?? "None is open",
            "sharePath": file.rights.requestShare ? Self.newSharePath(file.id) : false,
            "keyInPath": file.rights.keyInPath ?? false,
            "recordPath": file.rights.recordAgreement ? Self.newAgreementPath(file.id) : false,
            "maySeeReferrals": file.referrals != nil, "maySeeAgreements": file.agreements != nil,
            "maySeeCircumstances": file.circumstances != nil, "circumstances": file.circumstances ?? [],
            "hasCircumstances": !(file.circumstances ?? []).isEmpty,
            "referrals": (file.referrals?.elements ?? []).map { Self.view($0, at: now) },
            "hasReferrals": !(file.referrals?.elements ?? []).isEmpty,
            "moreReferrals": more("referrals", file.referrals?.next),
            "shares": file.shares.elements.map { Self.view($0, at: now) }, "hasShares": !file.shares.elements.isEmpty,
            "moreShares": more("shares", file.shares.next),
            "told": file.told.elements.map { Self.view($0, at: now) }, "hasTold": !file.told.elements.isEmpty,
            "moreTold": more("told", file.told.next),
            "agreements": (file.agreements?.elements ?? []).map { Self.view($0, of: file, at: now) },
            "hasAgreements": !(file.agreements?.elements ?? []).isEmpty,
            "moreAgreements": more("agreements", file.agreements?.next),
            "isLater": [
                file.shares.isLater, file.told.isLater, file.referrals?.isLater ?? false,
                file.agreements?.isLater ?? false,
            ].contains(true),
        ]
        switch file.identity {
        case .known(let facts):
            values["heading"] = facts.name ?? "Somebody without a name"
            values["isKnown"] = true
            values["who"] = facts.who.map { ["label": $0.label, "lines": $0.lines] as [String: Any] }
            values["situation"] = facts.situation.map { ["label": $0.label, "lines": $0.lines] as [String: Any] }
            values["hasSituation"] = !facts.situation.isEmpty
        case .erased: values["isErased"] = true
        case .notForReader: values["isHidden"] = true
        }
        if let table = file.permissions {
            values["hasTable"] = !table.rows.isEmpty
            values["purposes"] = table.purposes.map(\.humanised)
            values["rows"] = table.rows.map { row -> [String: Any] in
                [
                    "recipient": row.recipient,
                    "cells": zip(table.purposes, row.cells).map { purpose, cell in
                        cell.view.merging(["purpose": purpose.humanised]) { $1 }
                    },
                ]
            }
        }
        values.merge(entered.view) { $1 }
        return page(
            "person", entered.mistakes.isEmpty ? "A person" : "Error: A person", reader, in: .people,
            sections: sections, values)
    }

    private static func view(_ referral: PersonFile.Referral, at now: Instant) -> [String: Any] {
        var view: [String: Any] = [
            "at": Moment(referral.at, now: now).view, "sender": referral.sender, "type": referral.type.humanised,
            "state": MessageWords.state(referral.state), "referral": Reference("Referral", referral.id).view,
            "submission": Reference("Receipt", referral.submission).view,
        ]
        view["urgency"] = referral.urgency?.humanised
        return view
    }

    private static func view(_ share: PersonFile.Share, at now: Instant) -> [String: Any] {
        let standing = share.standing
        var view: [String: Any] = [
            "at": Moment(share.at, now: now).view, "recipient": share.recipient, "purpose": share.purpose.humanised,
            "level": share.level.humanised, "standing": standing.words, "sign": standing.sign,
            "style": standing.style, "by": share.by, "path": approvalPath(share.id), "arrival": share.arrival,
            "groups": share.told.joined(separator: ", "), "hasGroups": !share.told.isEmpty,
            "withheld": share.withheld.joined(separator: ", "),
            "hasWithheld": !share.withheld.isEmpty && !share.told.isEmpty,
            "reasons": share.reasons.isEmpty && share.state != "delivered"
                ? share.code.map { [CauseWords.words($0) + "."] } ?? [] : share.reasons,
        ]
        view["finished"] = share.finishedAt.map { Moment($0, now: now).view }
        view["agreement"] = share.agreement
        return view
    }

    private static func view(_ agreement: PersonAgreement, of file: PersonFile, at now: Instant) -> [String: Any] {
        let standing = agreement.standing
        var view: [String: Any] = [
            "version": agreement.version, "standing": standing.words, "sign": standing.sign, "style": standing.style,
            "signedBy": agreement.signedBy.map(signatory) ?? "nobody known",
            "isSupplement": agreement.supplements != nil, "hasEvidence": agreement.hasEvidence,
            "hasGuardianPermission": agreement.hasGuardianPermission,
            "isOther": agreement.person != file.id, "other": agreement.person,
            "withdrawPath": agreement.isWithdrawable && file.rights.withdrawAgreement
                ? withdrawPath(file.id, agreement.id) : false,
            "lines": agreement.lines.map { line -> [String: Any] in
                var view: [String: Any] = [
                    "recipient": line.recipient, "purposes": line.purposes.map(\.humanised).joined(separator: ", "),
                    "groups": line.groups?.joined(separator: ", ") ?? "everything that it is about",
                    "isAboutDependants": line.isAboutDependants, "isWithdrawn": line.withdrawnAt != nil,
                ]
                view["withdrawn"] = line.withdrawnAt.map { Moment($0, now: now).view }
                return view
            },
        ]
        view["signed"] = agreement.signedOn.map { Moment($0, now: now).view }
        view["starts"] = agreement.starts.map { Moment($0, now: now).view }
        view["expires"] = agreement.expires.map { Moment($0, now: now).view }
        view["revoked"] = agreement.revokedAt.map { Moment($0, now: now).view }
        return view
    }

    /// Who signed, in words.
    package static func signatory(_ code: String) -> String {
        switch code {
        case "subject": "the person"
        case "attorney": "an attorney"
        case "deputy": "a deputy of the court"
        case "parent": "a parent"
        case "other": "somebody else"
        case "child_under_13_online": "a child under 13, online"
        default: code.humanised
        }
    }
}

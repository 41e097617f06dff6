package import Referral

extension Console {
    /// What an account may do with a share.
    package struct ShareRights: Sendable {
        /// Answer in the capacity that it waits for.
        package var answer: Bool
        package var preview: Bool
        /// Take it back.
        package var cancel: Bool

        package init(answer: Bool, preview: Bool, cancel: Bool) {
            self.answer = answer
            self.preview = preview
            self.cancel = cancel
        }
    }

    package static func approvalPath(_ share: String) -> String { "\(Section.work.path)/approvals/\(share)" }

    /// A share on which a named person decides: who would get what, why it waits, and exactly what would leave.
    package func share(
        _ share: ShareReview, preview: ShareReview.Preview? = nil, next: String?, rights: ShareRights,
        at now: Instant, entered: Entered = Entered(), _ reader: Reader, sections: Set<Section>
    ) -> String {
        let heading = share.isWaiting ? "May this be shared?" : "A share"
        let isAnswerable = share.isWaiting && share.awaits != nil && rights.answer
        let isPreviewed = share.mayStillLeave && rights.preview
        func field(_ name: String) -> String { entered.fields[name] ?? "" }
        func isWrong(_ name: String) -> Bool { entered.mistakes.contains { $0.field == name } }
        var values: [String: Any] = [
            "heading": heading, "path": Self.approvalPath(share.id), "share": Reference("share", share.id).view,
            "person": Reference("person", share.person, path: Self.personPath(share.person)).view,
            "recipient": share.recipient,
            "purpose": share.purpose.humanised, "level": share.level.humanised, "state": share.stateWords,
            "groups": share.groups.joined(separator: ", "), "obligations": share.obligations,
            "hasObligations": !share.obligations.isEmpty, "requestedBy": share.requestedBy,
            "requestedAt": Moment(share.requestedAt, now: now).view, "reasons": share.allReasons,
            "isWaiting": share.isWaiting, "isAnswerable": isAnswerable, "isPreviewed": isPreviewed,
            "isForSomebodyElse": share.isWaiting && share.awaits != nil && !rights.answer,
            "isWithoutAnswer": share.isWaiting && share.awaits == nil, "lacksAuthority": share.lacksAuthority,
            "isCancellable": share.mayStillLeave && rights.cancel, "hasForm": isAnswerable || isPreviewed,
            "asksForAuthority": share.lacksAuthority && (isAnswerable || isPreviewed),
            "answers": share.answers.map { answer -> [String: Any] in
                var view: [String: Any] = [
                    "verdict": answer.isApproved ? "Let it go" : "Did not let it go", "role": answer.role,
                    "by": answer.by, "name": answer.name, "reason": answer.reason,
                ]
                view["answeredAt"] = answer.at.map { Moment($0, now: now).view }
                return view
            },
            "hasAnswers": !share.answers.isEmpty, "enteredName": field("name"), "enteredReason": field("reason"),
            "enteredAuthority": field("authority_ref"), "nameIsWrong": isWrong("name"),
            "reasonIsWrong": isWrong("reason"), "authorityIsWrong": isWrong("authority_ref"),
            "workPath": Self.workPath(kind: nil), "isOver": !share.isWaiting,
            "isJudged": !share.told.isEmpty, "told": share.told.joined(separator: ", "),
            "withheld": share.withheld.joined(separator: ", "), "hasWithheld": !share.withheld.isEmpty,
        ]
        values["awaits"] = share.awaits
        values["capacity"] = share.awaitsWords
        values["authority"] = share.authority
        values["code"] = share.code
        values["nextPath"] = next
        if let preview { values["preview"] = Self.view(preview) }
        values.merge(entered.view) { $1 }
        let title = (entered.mistakes.isEmpty ? "" : "Error: ") + heading
        return page("approval", title, reader, in: .work, sections: sections, values)
    }

    static func view(_ preview: ShareReview.Preview) -> [String: Any] {
        switch preview {
        case .text(let text, let mediaType, let digest):
            ["text": text, "mediaType": mediaType, "digest": digest, "isDocument": true, "isText": true]
        case .bytes(let count, let mediaType, let digest):
            ["size": count.grouped, "mediaType": mediaType, "digest": digest, "isDocument": true, "isText": false]
        case .nothing(let why): ["nothing": why, "isDocument": false, "isText": false]
        }
    }
}

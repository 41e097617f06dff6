package import Referral

extension Console {
    package static func lookPath(_ id: String) -> String { "\(Section.work.path)/looks/\(id)" }

    /// What a control room asked and was told, and what somebody found who looked into it.
    ///
    /// - Parameters:
    ///   - next: The path of what waits next; nil where nothing does.
    ///   - mayReview: Whether the account reviews, or reads alone.
    package func look(
        _ look: LookReview, next: String?, mayReview: Bool, at now: Instant, entered: Entered = Entered(),
        _ reader: Reader, sections: Set<Section>
    ) -> String {
        let isOverdue = look.review == nil && look.reviewBy < now
        var values: [String: Any] = [
            "heading": "A control room looked", "path": Self.lookPath(look.id), "lookID": look.id,
            "room": look.controlRoom, "lookAt": Moment(look.at, now: now).view,
            "reviewBy": Moment(look.reviewBy, now: now).view, "isOverdue": isOverdue, "isWaiting": look.review == nil,
            "asked": look.isReveal ? "For the code of a key safe" : "How to get to somebody",
            "outcome": look.outcomeWords, "flags": look.flags, "hasFlags": !look.flags.isEmpty,
            "details": look.details.map { ["detail": $0.name, "value": $0.value] },
            "isErased": look.asked.isNull,
            "found": look.found.map { found -> [String: Any] in
                var view: [String: Any] = [
                    "person": Reference("person", found.person, path: Self.personPath(found.person)).view,
                    "told": found.told.joined(separator: ", "),
                    "isTold": !found.told.isEmpty,
                ]
                view["refusal"] = found.refusal
                return view
            },
            "hasFound": !look.found.isEmpty, "isReviewable": look.review == nil && mayReview,
            "note": entered.fields["note"] ?? "", "noteIsWrong": entered.mistakes.contains { $0.field == "note" },
            "workPath": Self.workPath(kind: nil),
        ]
        values["nextPath"] = next
        if let review = look.review {
            values["reviewedAt"] = Moment(review.at, now: now).view
            values["reviewedBy"] = review.by
            values["reviewNote"] = review.note
        }
        values.merge(entered.view) { $1 }
        let title = (entered.mistakes.isEmpty ? "" : "Error: ") + "A control room looked"
        return page("look", title, reader, in: .work, sections: sections, values)
    }
}

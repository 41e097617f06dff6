package import Referral

extension Console {
    /// What somebody entered that was not taken, and why.
    package struct Entered: Sendable {
        /// The names of the fields, and what stood in them.
        package var fields: [String: String]
        /// A field that is wrong, or an empty name for the whole, and what is wrong with it.
        package var mistakes: [(field: String, text: String)]

        package init(fields: [String: String] = [:], mistakes: [(field: String, text: String)] = []) {
            self.fields = fields
            self.mistakes = mistakes
        }

        var view: [String: Any] {
            [
                "hasMistakes": !mistakes.isEmpty,
                // The page's first heading takes what is wrong with the whole.
                "mistakes": mistakes.map { ["anchor": $0.field.isEmpty ? "main" : $0.field, "mistake": $0.text] },
            ]
        }
    }

    package static func matchPath(_ id: String) -> String { "\(Section.work.path)/matches/\(id)" }

    /// Two persons side by side, and what is to be said about them.
    ///
    /// - Parameters:
    ///   - explanation: Why it is asked, in a sentence.
    ///   - next: The path of what waits next; nil where nothing does.
    ///   - mayDecide: Whether the account decides, or looks alone.
    package func match(
        _ review: MatchReview, because explanation: String?, next: String?, mayDecide: Bool, at now: Instant,
        entered: Entered = Entered(), _ reader: Reader, sections: Set<Section>
    ) -> String {
        var values: [String: Any] = [
            "heading": "Are these two one person?", "path": Self.matchPath(review.id), "matchID": review.id,
            "person": Reference("person", review.person, path: Self.personPath(review.person)).view,
            "known": Reference("person", review.known, path: Self.personPath(review.known)).view,
            "referral": Reference("referral", review.referral).view, "code": review.code,
            "facts": review.facts.map { fact -> [String: Any] in
                [
                    "label": fact.label, "personValues": fact.person, "knownValues": fact.known,
                    "comparison": fact.comparison.words, "sign": fact.comparison.sign,
                    "isDifferent": fact.comparison == .different,
                ]
            },
            "hasFacts": !review.facts.isEmpty, "hasEvidence": !review.evidence.isEmpty,
            "evidence": review.evidence.map { one in
                ["field": one.label, "level": one.words, "verdict": one.verdict, "points": one.points]
            },
            "isWaiting": review.isWaiting, "isLater": review.state == .later,
            "isSame": review.state == .same, "isDecidable": review.isWaiting && mayDecide,
            "isUndoable": !review.isWaiting && mayDecide, "reason": entered.fields["reason"] ?? "",
            "said": review.said.map { Self.view($0, at: now) }, "hasSaid": !review.said.isEmpty,
            "workPath": Self.workPath(kind: nil),
        ]
        values["why"] = explanation
        values["weight"] = review.weight
        values["likelihood"] = review.probability.flatMap(Self.ofAHundred)
        values["nextPath"] = next
        values.merge(entered.view) { $1 }
        let title = (entered.mistakes.isEmpty ? "" : "Error: ") + "Are these two one person?"
        return page("match", title, reader, in: .work, sections: sections, values)
    }

    private static func view(_ said: MatchReview.Said, at now: Instant) -> [String: Any] {
        var view: [String: Any] = ["verdict": said.verdictWords, "by": said.by]
        view["saidAt"] = said.at.map { Moment($0, now: now).view }
        view["saidWhy"] = said.reason
        return view
    }

    /// `0.97` as `About 97`; nothing is certain before somebody has looked.
    private static func ofAHundred(_ probability: String) -> String? {
        Double(probability).map { probability in
            switch probability * 100 {
            case ..<1: "Fewer than 1"
            case ...99: "About \(Int((probability * 100).rounded()))"
            default: "More than 99"
            }
        }
    }
}

extension MatchReview.Said {
    fileprivate var verdictWords: String {
        switch verdict {
        case "same": "They are one person"
        case "different": "They are two persons"
        case "later": "To be decided later"
        case "undo": "The decision before was taken back"
        default: verdict.humanised
        }
    }
}

package import Referral

extension Console {
    package static func ledgerPath(_ position: Int) -> String { "\(Section.ledger.path)/\(position)" }

    /// The ledger, the newest entries first.
    package func ledger(
        _ book: LedgerBook, isFirst: Bool, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        var values: [String: Any] = [
            "heading": "Ledger", "size": book.size.grouped, "isEmpty": book.size == 0, "isFirst": isFirst,
            "path": Section.ledger.path, "check": Self.view(book.check, at: now),
            "events": book.entries.map { entry -> [String: Any] in
                var view = Self.view(entry, at: now)
                view["path"] = Self.ledgerPath(entry.position)
                return view
            },
        ]
        values["older"] = book.older.map { "\(Section.ledger.path)?before=\($0)" }
        return page("ledger", Self.title(book.check), reader, in: .ledger, sections: sections, values)
    }

    /// One entry, and how its place is proved.
    package func ledgerEntry(
        _ entry: LedgerBook.Entry, size: Int, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        page(
            "ledger_entry", "Entry \(entry.position.grouped) of the ledger", reader, in: .ledger, sections: sections,
            [
                "heading": "Entry \(entry.position.grouped)", "size": size.grouped, "path": Section.ledger.path,
                "proofPath": "\(Self.ledgerPath(entry.position))/proof.json",
                "events": [Self.view(entry, at: now)],
            ])
    }

    private static func view(_ entry: LedgerBook.Entry, at now: Instant) -> [String: Any] {
        var view: [String: Any]
        if let event = entry.event {
            view = Self.view(event, of: "", at: now)
        } else {
            view = [
                "at": Moment(entry.at, now: now).view, "style": "step", "words": "What this entry said was destroyed",
                "details": [[String: Any]](),
            ]
        }
        view["position"] = entry.position.grouped
        return view
    }

    private static func title(_ check: LedgerBook.Check) -> String {
        if case .broken = check { return "The ledger does not hold" }
        return "Ledger"
    }

    private static func view(_ check: LedgerBook.Check, at now: Instant) -> [String: Any] {
        let (style, text, at): (String, String, Instant?)
        switch check {
        case .never: (style, text, at) = ("calm", "It has not been checked from here since the hub was started.", nil)
        case .running(let since): (style, text, at) = ("calm", "It is being checked, entry by entry. It began", since)
        case .held(let entries, let checkpoints, let erased, let time):
            let gone = erased == 0 ? "" : ", of which \(erased.grouped) were destroyed as they had to be"
            (style, text, at) = (
                "good",
                "It holds: \(entries.grouped) entries\(gone), and \(checkpoints.grouped) signed checkpoints. Checked",
                time
            )
        case .broken(let fault, let time):
            (style, text, at) = (
                "bad", "It does not hold: \(fault). Tell whoever is responsible for the hub. Checked", time
            )
        case .failed(let time): (style, text, at) = ("odd", "It could not be read. Try again later. Tried", time)
        }
        var view: [String: Any] = ["style": style, "text": text]
        view["at"] = at.map { Moment($0, now: now).view }
        if case .running = check { view["isRunning"] = true }
        return view
    }
}

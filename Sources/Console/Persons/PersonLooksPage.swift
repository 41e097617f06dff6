package import Referral

/// Who looked at a person: control rooms, and staff.
package struct PersonLooks: Sendable {
    /// A control room's look.
    package struct Look: Sendable {
        package var id: String
        package var at: Instant
        package var room: String
        package var isReveal: Bool
        /// In words; empty where it was told nothing.
        package var told: [String]
        package var isReviewed: Bool
        package var isUnproved: Bool
        package var incident: String?

        package init(
            id: String, at: Instant, room: String, isReveal: Bool, told: [String], isReviewed: Bool, isUnproved: Bool,
            incident: String?
        ) {
            self.id = id
            self.at = at
            self.room = room
            self.isReveal = isReveal
            self.told = told
            self.isReviewed = isReviewed
            self.isUnproved = isUnproved
            self.incident = incident
        }
    }

    /// That somebody looked, as the ledger has it.
    package struct View: Sendable {
        package var id: String
        package var at: Instant
        package var actor: String
        /// What it was at.
        package var what: String
        package var reference: Reference?

        package init(id: String, at: Instant, actor: String, what: String, reference: Reference?) {
            self.id = id
            self.at = at
            self.actor = actor
            self.what = what
            self.reference = reference
        }
    }

    package var person: String
    /// Nil where the reader may not see them.
    package var looks: PersonFile.Part<Look>?
    package var views: PersonFile.Part<View>?
    /// Whether a look can be opened on a page of its own.
    package var mayOpenLooks: Bool

    package init(
        person: String, looks: PersonFile.Part<Look>?, views: PersonFile.Part<View>?, mayOpenLooks: Bool
    ) {
        self.person = person
        self.looks = looks
        self.views = views
        self.mayOpenLooks = mayOpenLooks
    }
}

extension Console {
    package func personLooks(
        _ looks: PersonLooks, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let path = Self.personLooksPath(looks.person)
        return page(
            "person_looks", "Who looked at a person", reader, in: .people, sections: sections,
            [
                "heading": "Who looked", "personPath": Self.personPath(looks.person), "personID": looks.person,
                "path": path, "maySeeLooks": looks.looks != nil, "maySeeViews": looks.views != nil,
                "hasLooks": !(looks.looks?.elements ?? []).isEmpty,
                "hasViews": !(looks.views?.elements ?? []).isEmpty,
                "looks": (looks.looks?.elements ?? []).map { look -> [String: Any] in
                    [
                        "at": Moment(look.at, now: now).view, "room": look.room,
                        "asked": look.isReveal ? "the code of the key safe" : "how to get to the person",
                        "told": look.told.isEmpty ? "nothing" : look.told.joined(separator: ", "),
                        "isReviewed": look.isReviewed, "isUnproved": look.isUnproved,
                        "incident": look.incident ?? false,
                        "path": looks.mayOpenLooks ? Self.lookPath(look.id) : false,
                    ]
                },
                "views": (looks.views?.elements ?? []).map { view -> [String: Any] in
                    [
                        "at": Moment(view.at, now: now).view, "actor": view.actor, "what": view.what,
                        "reference": view.reference.map(\.view) ?? false,
                    ]
                },
                "moreLooks": looks.looks?.next.map { "\(path)?looks=\($0)#rooms" } ?? false,
                "moreViews": looks.views?.next.map { "\(path)?views=\($0)#staff" } ?? false,
                "isLater": (looks.looks?.isLater ?? false) || (looks.views?.isLater ?? false),
            ])
    }
}

/// What somebody is about to do that cannot be taken back, or that reaches far: asked once more.
package struct Confirmation: Sendable {
    package var question: String
    /// What will be so afterwards.
    package var effects: [String]
    /// Where it is sent, with what was entered.
    package var path: String
    package var fields: [(name: String, value: String)]
    /// What the button says.
    package var deed: String
    /// Why it is asked again of somebody who has confirmed it; nil where it is asked for the first time.
    package var notice: String?

    package init(
        _ question: String, effects: [String], path: String, fields: [(name: String, value: String)], deed: String,
        notice: String? = nil
    ) {
        self.question = question
        self.effects = effects
        self.path = path
        self.fields = fields
        self.deed = deed
        self.notice = notice
    }

    /// The field by which a form says that it was asked.
    package static let field = "confirmed"
}

extension Console {
    /// Asks once more, and names the effect.
    package func confirm(
        _ confirmation: Confirmation, in section: Section = .work, _ reader: Reader, sections: Set<Section>
    ) -> String {
        page(
            "confirm", confirmation.question, reader, in: section, sections: sections,
            [
                "heading": confirmation.question, "effects": confirmation.effects, "path": confirmation.path,
                "deed": confirmation.deed, "confirmed": Confirmation.field, "notice": confirmation.notice ?? false,
                "fields": confirmation.fields.map { ["field": $0.name, "value": $0.value] },
            ])
    }
}

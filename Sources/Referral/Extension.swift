/// A fact that one partner tells and the envelope has no field for.
package struct Extension: Sendable, Hashable {
    /// A dotted path, such as `school.laestab`.
    package var name: String
    package var group: FieldGroup
    package var value: Value

    package init(name: String, group: FieldGroup, value: Value) {
        self.name = name
        self.group = group
        self.value = value
    }
}

extension Extension {
    /// What the partner interfaces (sections 8, 9, 12, 17) add to the envelope, and the group of each. A name stands for all that
    /// is below it, a longer name for what it says. These are read at the top of the envelope, too.
    package static let standardGroups: [String: FieldGroup] = [
        "school": .service, "school.dsl_name": .thirdParty,
        "year_group": .service, "key_adult": .thirdParty, "subject_role": .service,
        "yos": .offence,
        "provider": .service, "start_by": .needs,
        "tenancy_ref": .housing, "tenure": .housing, "housing_need": .housing, "household_size": .housing,
        // How staff took a referral that came by phone, letter, e-mail or face to face.
        "taken": .service, "taken.by": .thirdParty,
        "duty_to_refer": .housing, "officer": .thirdParty,
    ]
}

/// Somebody who lives with the person or belongs to them: a dependant or a third party.
package struct HouseholdMember: Sendable, Hashable {
    package var relation: String?
    package var given: String?
    package var family: String?
    package var dob: CalendarDate?
    package var livesHere: Bool?

    package init() {}
}

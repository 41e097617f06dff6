/// Who made the referral.
package struct Referrer: Sendable, Hashable {
    package var name: String?
    package var role: String?
    package var organisation: String?
    package var phone: String?
    package var email: String?

    package init() {}
}

/// A risk to the person, or to those who visit.
package struct Risk: Sendable, Hashable {
    package var code: Coded<RiskCode>?
    /// Free text.
    package var detail: String?
    /// Whether it endangers visitors.
    package var toVisitors: Bool?

    package init(code: Coded<RiskCode>? = nil, detail: String? = nil, toVisitors: Bool? = nil) {
        self.code = code
        self.detail = detail
        self.toVisitors = toVisitors
    }
}

import Postgres

extension SQL.StringInterpolation {
    /// A bind that may be NULL. Without a form that takes an optional the compiler warns of each, as it would of an
    /// optional in a text.
    mutating func appendInterpolation<Wrapped: SQLBindable>(_ value: Wrapped?) {
        bind(value, to: &self)
    }
}

/// Generic, so that the call means the form for any ``SQLBindable`` and not the one above again.
private func bind<Value: SQLBindable>(_ value: Value, to interpolation: inout SQL.StringInterpolation) {
    interpolation.appendInterpolation(value)
}

extension Configuration {
    /// A partner's own system, which is told what became of its referrals.
    package enum StatusEndpoint: Sendable {
        case https(HTTPSEndpoint)
        case mesh(MESHEndpoint)

        /// The same as a way for documents.
        var endpoint: Endpoint {
            switch self {
            case .https(let https): .https(https)
            case .mesh(let mesh): .mesh(mesh)
            }
        }
    }
}

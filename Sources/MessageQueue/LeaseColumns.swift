import Postgres

/// Leases as columns for `unnest`. Callers sort them by place, so that all statements lock rows in one order.
struct LeaseColumns {
    let leases: [Lease]

    init(_ leases: [Lease]) {
        self.leases = leases
    }

    /// `unnest(queues, shelves, positions, fences)`.
    var unnest: SQL { "unnest(\(queues), \(shelves), \(positions), \(fences))" }

    var queues: [Int16] { leases.map(\.place.queue) }
    var shelves: [Int16] { leases.map(\.place.shelf) }
    var positions: [Int64] { leases.map(\.place.position) }
    var fences: [Int32] { leases.map { Int32(truncatingIfNeeded: $0.fence) } }

    /// Those of the leases that a statement's result, as (position, fence), does not name.
    func missing(from result: QueryResult) throws -> [Lease] {
        guard result.count < leases.count else { return [] }
        let found = Set(
            try result.map { row in
                let (position, fence) = try row.decode(Int64.self, Int.self)
                return FencedMessage(position: position, fence: fence)
            })
        return leases.filter { !found.contains(FencedMessage($0)) }
    }
}

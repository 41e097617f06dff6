import Postgres

/// What holds for a queue, and why.
package struct QueuePolicyReport: Sendable {
    /// The queue.
    package let queue: String
    /// What holds.
    package let policy: QueuePolicy
    /// What the installation's configuration says.
    package let configured: PolicySettings
    /// What an operator has set, over it.
    package let chosen: PolicySettings
}

extension MessageQueue {
    /// The policy of a queue, as this process last read it: within a second of a change if it claims from any queue.
    package func policy(of queue: String) -> QueuePolicy { shared.policies.policy(of: queue) }

    /// Writes what this installation configures, so that all nodes go by the same; for the start of a node. The last
    /// node that starts has the word, and an operator's settings hold over it.
    package func publishPolicies() async throws {
        let policies = configuration.policies
        guard !policies.isEmpty else { return try await refreshPolicies() }
        try await declare(policies.keys)
        let rows = policies.flatMap { queue, policy in policy.settings.map { (queue, $0.key.rawValue, $0.value) } }
        try await database.execute(
            """
            INSERT INTO queue.policy AS p (queue, layer, setting, value)
            SELECT q.id, 0, new.setting, new.value
            FROM unnest(\(rows.map(\.0)), \(rows.map(\.1)), \(rows.map(\.2))) AS new(queue, setting, value)
            JOIN queue.queue AS q ON q.name = new.queue
            ORDER BY q.id, new.setting
            ON CONFLICT (queue, layer, setting) DO UPDATE SET value = excluded.value, set_at = now()
                WHERE p.value <> excluded.value
            """, name: "queue.policy.publish")
        try await refreshPolicies()
    }

    /// Sets values for a queue over what is configured, or clears them, on all nodes.
    ///
    /// - Parameter settings: `nil` goes back to what is configured
    /// - Throws: ``QueueError/policy(_:)`` with every rule that the outcome would break; then nothing is changed
    @discardableResult
    package func setPolicy(
        of queue: String, _ settings: [PolicySetting: Double?]
    ) async throws -> QueuePolicyReport {
        let report = try await database.transaction { [self] connection -> QueuePolicyReport in
            guard
                let row = try connection.query(
                    "SELECT id::integer FROM queue.queue WHERE name = \(queue) FOR NO KEY UPDATE",
                    name: "queue.policy.lock"
                ).first
            else { throw QueueError.unknownQueue(queue) }
            let number = try row.decode(Int32.self)
            var layers = try Self.layers(PolicyStatement.read(on: connection))[queue] ?? PolicyBoard.Layers()
            for (setting, value) in settings { layers.chosen[setting] = value }
            let base = configuration.policy(of: queue).with(layers.configured)
            let policy = base.with(layers.chosen)
            guard policy.problems.isEmpty else { throw QueueError.policy(policy.problems) }
            let meaningless = PolicySetting.allCases.filter { layers.chosen[$0] != nil && $0.value(in: policy) == nil }
            if let setting = meaningless.first(where: { layers.chosen[$0] != 0 }) {
                let needed = setting == .burst ? PolicySetting.rate : .breakerFailures
                throw QueueError.policy(["\(setting.rawValue) says nothing without \(needed.rawValue)"])
            }
            try connection.execute(
                "DELETE FROM queue.policy WHERE queue = \(number)::smallint AND layer = 1", name: "queue.policy.clear")
            try connection.execute(
                """
                INSERT INTO queue.policy (queue, layer, setting, value)
                SELECT \(number)::smallint, 1, new.setting, new.value
                FROM unnest(\(layers.chosen.map(\.key.rawValue)), \(layers.chosen.map(\.value))) AS new(setting, value)
                """, name: "queue.policy.set")
            return QueuePolicyReport(
                queue: queue, policy: policy, configured: layers.configured, chosen: layers.chosen)
        }
        try await refreshPolicies()
        wake(queue)
        return report
    }

    /// What holds for a queue and why, read anew.
    package func policyReport(of queue: String) async throws -> QueuePolicyReport {
        let layers = try await database.read { connection in
            guard try !connection.query("SELECT FROM queue.queue WHERE name = \(queue)", name: "queue.known").isEmpty
            else {
                throw QueueError.unknownQueue(queue)
            }
            return try Self.layers(PolicyStatement.read(on: connection))
        }
        shared.policies.take(layers)
        let own = layers[queue] ?? PolicyBoard.Layers()
        return QueuePolicyReport(
            queue: queue, policy: policy(of: queue), configured: own.configured, chosen: own.chosen)
    }

    /// Reads what is set anew. Nodes that claim do it by themselves.
    package func refreshPolicies() async throws {
        shared.policies.take(try await Self.layers(database.read { try PolicyStatement.read(on: $0) }))
    }

    /// Sorts rows of ``PolicyStatement/read`` by queue. Settings that this version does not know are another's.
    static func layers(_ result: QueryResult) throws -> [String: PolicyBoard.Layers] {
        var layers: [String: PolicyBoard.Layers] = [:]
        for (queue, layer, name, value) in try result.decode(String.self, Int16.self, String.self, Double.self) {
            guard let setting = PolicySetting(rawValue: name) else { continue }
            if layer == 0 {
                layers[queue, default: .init()].configured[setting] = value
            } else {
                layers[queue, default: .init()].chosen[setting] = value
            }
        }
        return layers
    }
}

/// Reads all that is set.
enum PolicyStatement {
    /// Few rows: none for a queue that nobody configured.
    static let read: (SQL, StaticString) = (
        """
        SELECT q.name, p.layer, p.setting, p.value
        FROM queue.policy AS p
        JOIN queue.queue AS q ON q.id = p.queue
        """, "queue.policy"
    )

    static func read(on connection: Connection) throws -> QueryResult {
        try connection.query(read.0, name: read.1)
    }
}

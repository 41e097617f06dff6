package import Postgres

/// The schema `queue`, which this target owns.
package enum QueueSchema {
    /// Its migrations. The role `hub_app`, to which they grant, is made by an earlier line; a later one grants to others.
    package static let migrations = MigrationLine(
        name: "queue",
        files: [
            ("0001_queue", PackageResources._001_queue_sql),
            ("0002_history_of_queue", PackageResources._002_history_of_queue_sql),
            ("0003_dead_letter_order", PackageResources._003_dead_letter_order_sql),
        ])
}

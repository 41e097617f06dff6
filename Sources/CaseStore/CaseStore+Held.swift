import Ledger
package import Postgres

extension CaseStore {
    /// How long what a child wrote is kept without a parent's or guardian's permission (disclosure policy, section 10).
    package static let heldFor: Duration = .seconds(30 * 86_400)

    /// A held submission that may now be worked on: its receipt, and the key of its place in the queue.
    package struct Permitted: Sendable {
        package var receipt: UUIDValue
        package var orderKey: String
    }

    /// Lets a held submission be worked on, since a parent or guardian permits it; ends its work item.
    ///
    /// - Parameters:
    ///   - item: the work item of kind ``WorkItemKind/under13``
    ///   - actor: who recorded the permission
    ///   - permission: an id under which the permission itself is kept
    /// - Returns: Nothing when no such item is open, or what it held has been destroyed.
    package func permit(
        _ item: UUIDValue, by actor: String, permission: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Permitted? {
        let rows = try connection.query(
            """
            WITH permitted AS (
                UPDATE record.work_item
                SET state = 'done', done_at = \(at), done_by = \(actor)
                WHERE id = \(item) AND kind = 'under_13' AND state = 'open'
                    AND EXISTS (SELECT FROM record.document WHERE receipt = work_item.submission)
                RETURNING submission
            ), kept AS (
                UPDATE record.document
                SET destroy_at = NULL
                FROM permitted
                WHERE document.receipt = permitted.submission
            )
            UPDATE record.submission
            SET state = 'received', finished_at = NULL
            FROM permitted
            WHERE submission.receipt = permitted.submission AND submission.state = 'held'
            RETURNING submission.receipt, submission.thread_index
            """, name: "record.permit_held")
        guard let row = rows.first else { return nil }
        let (receipt, thread) = try row.decode(UUIDValue.self, [UInt8]?.self)
        let fields: [LedgerField: String] = [
            .submission: receipt.description, .actor: actor, .permission: permission,
        ]
        try append([entry(.submissionPermitted, at: at, fields)], in: connection)
        return Permitted(receipt: receipt, orderKey: thread.map(hexadecimal) ?? receipt.description)
    }

    /// Ends the work items of held submissions that were destroyed for want of a permission.
    ///
    /// - Returns: How many there were.
    @discardableResult
    package func endLapsedHolds(at: Timestamp = .now(), in connection: Connection) throws -> Int {
        try connection.execute(
            """
            UPDATE record.work_item
            SET state = 'done', done_at = \(at), done_by = 'hub'
            WHERE kind = 'under_13' AND state = 'open'
                AND NOT EXISTS (SELECT FROM record.document WHERE receipt = work_item.submission)
            """, name: "record.end_lapsed_holds")
    }
}

extension NewWorkItem {
    /// For what a child wrote: due at once where somebody hurts them, else before it is destroyed.
    package static func held(_ receipt: Receipt, tellsOfHarm: Bool) -> NewWorkItem {
        NewWorkItem(
            kind: .under13, code: tellsOfHarm ? "concern_of_harm" : "guardian_permission", submission: receipt.id,
            partner: receipt.sender, dueAt: tellsOfHarm ? receipt.receivedAt : receipt.receivedAt + CaseStore.heldFor)
    }
}

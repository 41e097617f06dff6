package import Postgres

extension CaseStore {
    /// Makes a work item, unless the same is there already: for a message of a submission, or for a queue's message.
    ///
    /// - Returns: The new item's id; nothing when it was there.
    @discardableResult
    package func add(
        _ item: NewWorkItem, at: Timestamp = .now(), in connection: Connection
    ) throws -> UUIDValue? {
        try connection.query(adding([(item, at)]), name: "record.add_work_items").first?.decode(UUIDValue.self)
    }

    /// Makes several in one statement, as ``add(_:at:in:)`` does one.
    package func add(_ items: [NewWorkItem], at: Timestamp = .now(), in connection: Connection) throws {
        guard !items.isEmpty else { return }
        try connection.execute(adding(items.map { ($0, at) }), name: "record.add_work_items")
    }

    /// Proposes shares to staff, each unless the same is proposed already.
    package func propose(_ items: [NewWorkItem], at: Timestamp = .now(), in connection: Connection) throws {
        guard !items.isEmpty else { return }
        let known = try connection.query(
            """
            SELECT item.ordinal - 1
            FROM unnest(\(items.map(\.person)), \(items.map(\.partner)), \(items.map(\.code)))
                WITH ORDINALITY AS item (person, partner, code, ordinal)
            WHERE EXISTS (
                SELECT
                FROM record.work_item
                WHERE work_item.person = item.person
                    AND work_item.partner = item.partner
                    AND work_item.code = item.code
                    AND kind = 'proposed_share'
                    AND state = 'open'
            )
            """, name: "record.known_proposals"
        ).decode(Int.self)
        var seen: Set<[String]> = []
        let new = items.indices.filter { index in
            let item = items[index]
            return !known.contains(index)
                && seen.insert([item.person?.description ?? "", item.partner ?? "", item.code]).inserted
        }
        try add(new.map { items[$0] }, at: at, in: connection)
    }

    /// The statement that marks what was proposed as done, since it was asked for.
    func finishingProposals(of shares: [Share]) -> SQL {
        """
        UPDATE record.work_item
        SET state = 'done', done_at = share.requested_at, done_by = share.requested_by
        FROM unnest(
            \(shares.map(\.request.person)), \(shares.map(\.request.recipient)), \(shares.map(\.request.purpose)),
            \(shares.map(\.request.requestedAt)), \(shares.map(\.request.requestedBy))
        ) AS share (person, recipient, purpose, requested_at, requested_by)
        WHERE work_item.person = share.person
            AND work_item.partner = share.recipient
            AND work_item.code = share.purpose
            AND kind = 'proposed_share'
            AND state = 'open'
        """
    }

    /// The statement of ``add(_:at:in:)`` for several items, each with its time, for a pipeline.
    func adding(_ added: [(item: NewWorkItem, at: Timestamp)]) -> SQL {
        let items = added.map(\.item)
        return """
            INSERT INTO record.work_item (
                id, submission, referral, person, other_person, share, extract, message, created_at, due_at, ordinal, kind,
                code, partner
            )
            SELECT
                id, submission, referral, person, other_person, share, extract, message, created_at, due_at, ordinal,
                kind::record.work_item_kind, code, partner
            FROM unnest(
                \(items.map { _ in UUIDValue.v7() }), \(items.map(\.submission)), \(items.map(\.referral)),
                \(items.map(\.person)), \(items.map(\.otherPerson)), \(items.map(\.share)), \(items.map(\.extract)),
                \(items.map(\.message)),
                \(added.map(\.at)), \(items.map(\.dueAt)), \(items.map { $0.ordinal.map(Int32.init) }),
                \(items.map(\.kind.rawValue)), \(items.map(\.code)), \(items.map(\.partner))
            ) AS added (
                id, submission, referral, person, other_person, share, extract, message, created_at, due_at, ordinal, kind,
                code, partner
            )
            ON CONFLICT DO NOTHING
            RETURNING id
            """
    }

    /// Tells privacy officers that somebody was let in to what is known of persons.
    package func tell(
        of access: GivenAccess, to account: String, by actor: String, at: Timestamp = .now(), in connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO record.work_item (id, created_at, kind, code, account, actor)
            VALUES (\(UUIDValue.v7()), \(at), 'given_access', \(access.rawValue), \(account), \(actor))
            """, name: "record.tell_of_access")
    }

    /// Open work items: those due first, then the oldest.
    package func workItems(
        _ kind: WorkItemKind? = nil, limit: Int = 100, in connection: Connection
    ) throws -> [WorkItem] {
        try connection.query(
            """
            SELECT \(WorkItem.columns)
            FROM record.work_item
            WHERE state = 'open' AND kind = coalesce(\(kind)::record.work_item_kind, kind)
            ORDER BY due_at NULLS LAST, created_at, id
            LIMIT \(limit)
            """, name: "record.work_items"
        ).map(WorkItem.init)
    }

    /// Open work items of some kinds: those due first, then the oldest.
    ///
    /// - Parameter last: The last of the page before; it may be done since.
    package func workItems(
        of kinds: Set<WorkItemKind>, after last: UUIDValue? = nil, limit: Int, in connection: Connection
    ) throws -> [WorkItem] {
        let beyond: SQL =
            if let last {
                """
                AND (coalesce(due_at, 'infinity'), created_at, id) > (
                    SELECT coalesce(last.due_at, 'infinity'), last.created_at, last.id
                    FROM record.work_item AS last
                    WHERE last.id = \(last)
                )
                """
            } else {
                ""
            }
        // In the order of an index, so that no more is read than what is shown.
        return try connection.query(
            """
            SELECT \(WorkItem.columns)
            FROM record.work_item
            WHERE state = 'open' AND kind = ANY (\(kinds.map(\.rawValue).sorted())::record.work_item_kind[]) \(beyond)
            ORDER BY coalesce(due_at, 'infinity'), created_at, id
            LIMIT \(limit)
            """, name: last == nil ? "record.work_items_of_kinds" : "record.work_items_after"
        ).map(WorkItem.init)
    }

    /// A work item, open or done.
    package func workItem(_ id: UUIDValue, in connection: Connection) throws -> WorkItem? {
        try connection.query(
            "SELECT \(WorkItem.columns) FROM record.work_item WHERE id = \(id)", name: "record.work_item"
        ).first.map(WorkItem.init)
    }

    /// Marks a work item as done.
    ///
    /// - Returns: Whether it was open.
    package func finishWorkItem(
        _ id: UUIDValue, by actor: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        try connection.execute(
            """
            UPDATE record.work_item
            SET state = 'done', done_at = \(at), done_by = \(actor)
            WHERE id = \(id) AND state = 'open'
            """, name: "record.finish_work_item") > 0
    }
}

extension WorkItem {
    /// What ``init(_:)`` reads.
    static let columns: SQL = """
        id, created_at, done_at, done_by, kind, code, submission, ordinal, referral, person, other_person, share, extract,
        message, partner, look, account, actor, due_at
        """

    init(_ row: Row) throws {
        var item = NewWorkItem(
            kind: try row.value("kind"), code: try row.value("code"), submission: try row.value("submission"),
            ordinal: try row.value("ordinal"), referral: try row.value("referral"), person: try row.value("person"),
            otherPerson: try row.value("other_person"), share: try row.value("share"),
            extract: try row.value("extract"), message: try row.value("message"), partner: try row.value("partner"),
            dueAt: try row.value("due_at"))
        item.look = try row.value("look")
        item.account = try row.value("account")
        item.actor = try row.value("actor")
        self.init(
            id: try row.value("id"), createdAt: try row.value("created_at"), doneAt: try row.value("done_at"),
            doneBy: try row.value("done_by"), item: item)
    }
}

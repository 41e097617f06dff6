package import Postgres

/// A list that somebody of staff comes back to, by the part of its address after the `?`.
package struct SavedFilter: Sendable, Hashable {
    package var id: UUIDValue
    /// The account that made it, and alone may delete it.
    package var owner: String
    package var name: String
    package var query: String
    /// Whether everybody who may open the list is offered it.
    package var isShared: Bool

    package init(id: UUIDValue = .v7(), owner: String, name: String, query: String, isShared: Bool) {
        self.id = id
        self.owner = owner
        self.name = name
        self.query = query
        self.isShared = isShared
    }
}

extension CaseStore {
    /// Nobody keeps more of them.
    package static let mostSavedFilters = 50

    /// Those of an account, and those that others share; by name.
    package func savedFilters(for account: String, in connection: Connection) throws -> [SavedFilter] {
        try connection.query(
            """
            SELECT id, owner, name, query, is_shared
            FROM (
                SELECT * FROM record.saved_filter WHERE owner = \(account)
                UNION ALL
                (
                    SELECT * FROM record.saved_filter
                    WHERE is_shared AND owner <> \(account)
                    ORDER BY created_at DESC
                    LIMIT \(2 * Self.mostSavedFilters)
                )
            ) AS offered
            ORDER BY owner <> \(account), lower(name), owner
            """, name: "record.saved_filters"
        ).map { row in
            let (id, owner, name, query, isShared) = try row.decode(
                UUIDValue.self, String.self, String.self, String.self, Bool.self)
            return SavedFilter(id: id, owner: owner, name: name, query: query, isShared: isShared)
        }
    }

    /// Keeps one.
    ///
    /// - Returns: Whether it is kept: not where its owner has one of that name, or as many as anybody keeps.
    package func save(_ filter: SavedFilter, in connection: Connection) throws -> Bool {
        try connection.query(
            """
            INSERT INTO record.saved_filter (id, owner, name, query, is_shared)
            SELECT \(filter.id), \(filter.owner), \(filter.name), \(filter.query), \(filter.isShared)
            WHERE (SELECT count(*) FROM record.saved_filter WHERE owner = \(filter.owner)) < \(Self.mostSavedFilters)
            ON CONFLICT (owner, name) DO NOTHING
            RETURNING id
            """, name: "record.save_filter"
        ).count == 1
    }

    /// Deletes one of an account's own.
    ///
    /// - Returns: What it was; nothing when the account has none of that id.
    package func deleteSavedFilter(
        _ id: UUIDValue, of account: String, in connection: Connection
    ) throws -> SavedFilter? {
        try connection.query(
            """
            DELETE FROM record.saved_filter
            WHERE id = \(id) AND owner = \(account)
            RETURNING name, query, is_shared
            """, name: "record.delete_saved_filter"
        ).first.map { row in
            let (name, query, isShared) = try row.decode(String.self, String.self, Bool.self)
            return SavedFilter(id: id, owner: account, name: name, query: query, isShared: isShared)
        }
    }
}

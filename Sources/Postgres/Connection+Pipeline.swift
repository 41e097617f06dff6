import CLibpq

extension Connection {
    /// Sends all statements of `pipeline` at once and collects their results: one round trip.
    ///
    /// Outside a transaction they form one: the first that fails undoes those before it and skips those after it, and
    /// its error is thrown, with the name it was added under.
    package func pipeline(
        _ pipeline: Pipeline, deadline: Duration? = nil
    ) throws(PostgresError) -> [QueryResult] {
        guard !pipeline.statements.isEmpty else { return [] }
        try deallocateEvicted()
        return try statement(nil, deadline) { () throws(PostgresError) in
            guard PQenterPipelineMode(handle) == 1 else { throw lost() }
            var awaited: [Awaited] = []
            var fresh: [StatementCache.Key: String] = [:]
            let begin = unsentBegin
            unsentBegin = nil
            if let begin {
                // As text: it must not fail because the server has forgotten what was prepared.
                try sent(sendQuery(begin))
                awaited.append(.statement(StatementCache.Key(text: begin.text, types: []), "begin"))
            }
            for (sql, name) in pipeline.statements {
                let key = StatementCache.Key(text: sql.text, types: sql.binds.types)
                if let prepared = fresh[key] {
                    try sent(sendPrepared(sql, as: prepared))
                } else {
                    switch cache.use(key) {
                    case .unprepared:
                        try sent(sendQuery(sql))
                    case .prepare(let prepared):
                        try sent(sendPrepare(sql, as: prepared))
                        awaited.append(.preparation(key, prepared, name))
                        fresh[key] = prepared
                        try sent(sendPrepared(sql, as: prepared))
                    case .prepared(let prepared):
                        try sent(sendPrepared(sql, as: prepared))
                    }
                }
                awaited.append(.statement(key, name))
            }
            guard PQpipelineSync(handle) == 1 else { throw lost() }
            return Array(try collect(awaited).dropFirst(begin == nil ? 0 : 1))
        }
    }

    private enum Awaited {
        case preparation(StatementCache.Key, String, StaticString?)
        case statement(StatementCache.Key, StaticString?)
    }

    private func collect(_ awaited: [Awaited]) throws(PostgresError) -> [QueryResult] {
        var collected: [QueryResult] = []
        var failure: PostgresError?
        for item in awaited {
            var last: ResultHandle?
            while let result = try nextResult() { last = result }
            guard let last else { throw lost() }
            switch (item, last.status) {
            case (_, PGRES_PIPELINE_ABORTED):
                continue
            case (.preparation(let key, let prepared, _), PGRES_COMMAND_OK):
                cache.prepared(key, as: prepared)
            case (.statement, PGRES_COMMAND_OK), (.statement, PGRES_TUPLES_OK):
                collected.append(QueryResult(last))
            case (.preparation(let key, _, let name), _), (.statement(let key, let name), _):
                failure = failure ?? error(from: last, name)
                if failure?.state == .featureNotSupported || failure?.state == .unknownPreparedStatement {
                    cache.forget(key)
                }
            }
        }
        guard let sync = try nextResult(), sync.status == PGRES_PIPELINE_SYNC, PQexitPipelineMode(handle) == 1 else {
            throw lost()
        }
        if let failure { throw failure }
        return collected
    }
}

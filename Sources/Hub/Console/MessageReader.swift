import CaseStore
import Console
import Ledger
import Postgres
import Referral

/// Reads lists of messages, for the console: as the function that sees nothing that is sealed.
struct MessageReader: Sendable {
    /// So many are on a page.
    static let perPage = 50

    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation.acting(as: .audit) }

    /// What may be asked for: who may send or has sent, and by which channels something came.
    func choices() async throws -> MessageFilter.Choices {
        let (sources, partners) = try await installation.database.read { [store = installation.store] connection in
            (try store.submissionSources(in: connection), try store.partners(in: connection))
        }
        var names = Dictionary(uniqueKeysWithValues: partners.filter { $0.kind == .partner }.map { ($0.id, $0.name) })
        names[Principal.publicForm.id] = Principal.publicForm.name
        let organisation = installation.configuration.organisation
        names[organisation.id] = names[organisation.id] ?? organisation.name
        for source in sources where names[source.sender] == nil { names[source.sender] = source.sender }
        let channels = Set(sources.map(\.channel)).union(Arrival.Channel.allCases.map(\.rawValue))
        return MessageFilter.Choices(
            senders: names.map { ($0.key, $0.value) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) },
            channels: channels.sorted().map { ($0, MessageWords.channel($0)) },
            states: SubmissionState.allCases.map { ($0.rawValue, MessageWords.state($0.rawValue)) },
            causes: FindingCode.allCases.map { ($0.rawValue, MessageWords.cause($0)) })
    }

    /// A page of a list, and where one may read on.
    func page(
        _ filter: MessageFilter, from edge: ListEdge
    ) async throws -> (rows: [ListedSubmission], edges: MessageList.Edges) {
        let asked = SubmissionFilter(filter)
        return try await installation.database.read { [store = installation.store] connection in
            var edge = edge
            var page = try store.submissions(asked, from: edge, limit: Self.perPage, in: connection)
            if case .newerThan = edge, page.next == nil {
                // At the beginning: the whole first page, not a few rows of it.
                edge = .newest
                page = try store.submissions(asked, limit: Self.perPage, in: connection)
            }
            return (page.rows, Self.edges(page, edge))
        }
    }

    private static func edges(_ page: SubmissionPage, _ edge: ListEdge) -> MessageList.Edges {
        let next = page.next?.description
        // Of a page that is not full the time is told up to which was looked.
        let lookedBackTo = page.rows.count < perPage ? page.next.map(\.time) : nil
        return switch edge {
        case .newest: .init(olderThan: next, lookedBackTo: lookedBackTo)
        case .olderThan:
            .init(
                isBeginning: false, newerThan: page.rows.first?.receipt.description, olderThan: next,
                lookedBackTo: lookedBackTo)
        case .newerThan:
            // Below what was reached lies all that was passed before.
            .init(
                isBeginning: false, newerThan: next, olderThan: page.rows.last?.receipt.description ?? next,
                isCutShort: page.rows.count < perPage)
        }
    }

    /// A list as a table for a file, and that somebody took it is entered in the ledger.
    ///
    /// - Parameter actor: Who takes it.
    func table(_ filter: MessageFilter, by actor: String) async throws -> MessageTable {
        let asked = SubmissionFilter(filter)
        try await installation.database.transaction { [store = installation.store] connection in
            try store.enterLook(
                at: .list, about: filter.query.isEmpty ? nil : filter.query, by: actor, in: connection)
        }
        var (table, edge): (MessageTable, ListEdge?) = (MessageTable(), .newest)
        for _ in 0..<MessageTable.mostReads {
            guard let from = edge, table.rows.count < MessageTable.most else { break }
            let limit = min(500, MessageTable.most - table.rows.count)
            let page = try await installation.database.read { [store = installation.store] connection in
                try store.submissions(asked, from: from, limit: limit, in: connection)
            }
            table.rows += page.rows
            edge = page.next.map(ListEdge.olderThan)
        }
        table.isWhole = edge == nil
        return table
    }
}

extension SubmissionFilter {
    init(_ filter: MessageFilter) {
        self.init()
        sender = filter.sender
        channel = filter.channel
        state = filter.state.flatMap(SubmissionState.init)
        finding = filter.cause.flatMap(FindingCode.init)
        hasOpenWork = filter.hasOpenWork
        since = filter.from.map { Timestamp(microseconds: LondonTime.instant($0, second: 0).microseconds) }
        // The first moment of the day after: of a day of 23 or 25 hours as well.
        until = filter.to.flatMap { CalendarDate(daysSince1970: $0.daysSince1970 + 1) }
            .map { Timestamp(microseconds: LondonTime.instant($0, second: 0).microseconds) }
    }
}

extension UUIDValue {
    /// When it was made, where it is of version 7: its first 48 bits are milliseconds (RFC 9562 section 5.7).
    fileprivate var time: Instant {
        Instant(microseconds: bytes.prefix(6).reduce(Int64(0)) { $0 << 8 | Int64($1) } * 1_000)
    }
}

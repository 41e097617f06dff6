import CaseStore
import Console
import Forms
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights

/// Lists of messages: `GET /console/messages`, the list as a file at `/console/messages.csv`, and the
/// lists that staff keep under `/console/messages/saved`.
struct MessageRoutes {
    private let desk: ConsoleDesk
    private let reader: MessageReader
    private let installation: Installation

    init(_ installation: Installation, _ desk: ConsoleDesk) {
        self.desk = desk
        reader = MessageReader(installation)
        self.installation = installation.acting(as: .console)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.Section.messages.path)", use: list)
        router.get("\(Console.MessagePath.file)", use: download)
        router.post("\(Console.MessagePath.saved)", use: save)
        router.post("\(Console.MessagePath.saved)/{id}/deletion", use: delete)
    }

    @Sendable
    private func list(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readTrace) { try await list(request, $0) }
    }

    /// The list that an address asks for; one that asks for what cannot be says so.
    private func list(_ request: Request, _ open: StaffSessions.Open) async throws -> Response {
        let parameters = Self.parameters(of: request)
        let choices = try await reader.choices()
        var reading = MessageFilter.read(parameters, choices)
        let edge = Self.edge(parameters)
        if edge == nil {
            reading.mistakes.append(.init("list", "The address names no place in the list: begin with the newest"))
        }
        return try await shown(reading, choices, from: edge ?? .newest, open)
    }

    /// - Parameter name: Under which it was to be saved, where that failed.
    private func shown(
        _ reading: MessageFilter.Reading, _ choices: MessageFilter.Choices, from edge: ListEdge = .newest,
        name: String = "",
        _ open: StaffSessions.Open
    ) async throws -> Response {
        var list = MessageList(
            reading: reading, choices: choices, mostInFile: MessageTable.most, maySearchPersons: open.may(.readReferral)
        )
        list.typedName = String(name.prefix(100))
        list.saved = try await saved(by: open.account).map { filter in
            .init(
                id: filter.id.description, name: filter.name, query: filter.query, isShared: filter.isShared,
                owner: filter.owner == open.account ? nil : filter.owner)
        }
        if reading.mistakes.isEmpty {
            let (rows, edges) = try await reader.page(reading.filter, from: edge)
            list.rows = rows.map(MessageList.Row.init)
            list.edges = edges
        }
        return desk.shown(open, status: reading.mistakes.isEmpty ? .ok : .unprocessableContent) {
            desk.pages.messages(list, at: Instant(.now()), $0, sections: $1)
        }
    }

    @Sendable
    private func download(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readTrace) { open in
            let choices = try await reader.choices()
            let reading = MessageFilter.read(Self.parameters(of: request), choices)
            guard reading.mistakes.isEmpty else { return try await shown(reading, choices, open) }
            let table = try await reader.table(reading.filter, by: open.principal.id)
            var response = FormRoutes.response(
                String(decoding: table.csv, as: UTF8.self), type: "text/csv; charset=utf-8; header=present")
            response.headers[.contentDisposition] = "attachment; filename=\"\(table.fileName(at: .now()))\""
            response.headers[.setCookie] = desk.site.cookie(open)
            return response
        }
    }

    // MARK: Lists that staff keep

    @Sendable
    private func save(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .readTrace, undone: "Nothing was saved.") { open, fields in
            let choices = try await reader.choices()
            var reading = MessageFilter.read(Self.parameters(fields["query"] ?? ""), choices)
            let name = (fields["name"] ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
            if !(1...60).contains(name.unicodeScalars.count) {
                reading.mistakes.append(.init("name", "Give the list a name of 1 to 60 characters"))
            } else if name.unicodeScalars.contains(where: {
                [.control, .format, .privateUse, .unassigned].contains($0.properties.generalCategory)
            }) {
                reading.mistakes.append(.init("name", "Give the list a name in letters, digits and signs"))
            }
            guard reading.mistakes.isEmpty else { return try await shown(reading, choices, name: name, open) }
            let filter = SavedFilter(
                owner: open.account, name: name, query: reading.filter.query,
                isShared: fields["shared"] == "yes")
            let isSaved = try await installation.database.transaction { [store = installation.store] connection in
                try store.save(filter, in: connection)
            }
            guard isSaved else {
                let isTaken = try await saved(by: open.account).contains { $0.owner == open.account && $0.name == name }
                reading.mistakes.append(
                    .init(
                        "name",
                        isTaken
                            ? "You have a list of that name: choose another, or delete that one first"
                            : "You have \(CaseStore.mostSavedFilters) lists: delete one that you no longer need first"))
                return try await shown(reading, choices, name: name, open)
            }
            return StaffSite.redirect(to: reading.filter.address(Console.Section.messages.path))
        }
    }

    /// Leads to the list that it stood for, from where it can be saved again.
    @Sendable
    private func delete(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .readTrace, undone: "Nothing was deleted.") { open, _ in
            let id = context.parameters.get("id").flatMap { UUIDValue($0) }
            let deleted = try await installation.database.transaction { [store = installation.store] connection in
                try id.flatMap { try store.deleteSavedFilter($0, of: open.account, in: connection) }
            }
            guard let deleted else {
                return desk.site.failure(.notFound, "You have no such list", "It may have been deleted already.")
            }
            let filter = MessageFilter.read(Self.parameters(deleted.query), try await reader.choices()).filter
            return StaffSite.redirect(to: filter.address(Console.Section.messages.path))
        }
    }

    private func saved(by account: String) async throws -> [SavedFilter] {
        try await installation.database.read { [store = installation.store] connection in
            try store.savedFilters(for: account, in: connection)
        }
    }

    // MARK: Addresses

    private static func parameters(of request: Request) -> [String: String] {
        var parameters: [String: String] = [:]
        for (name, value) in request.uri.queryParameters { parameters[String(name)] = String(value) }
        return parameters
    }

    private static func parameters(_ query: String) -> [String: String] {
        (try? URLEncodedFormDecoder().decode([String: String].self, from: query)) ?? [:]
    }

    /// Nil for a place that is none.
    private static func edge(_ parameters: [String: String]) -> ListEdge? {
        switch (parameters["older"], parameters["newer"]) {
        case (nil, nil): .newest
        case (let receipt?, nil): UUIDValue(receipt).map(ListEdge.olderThan)
        case (nil, let receipt?): UUIDValue(receipt).map(ListEdge.newerThan)
        case (_?, _?): nil
        }
    }
}

extension MessageList.Row {
    fileprivate init(_ row: ListedSubmission) {
        self.init(
            receipt: row.receipt.description, at: Instant(row.receivedAt), sender: row.sender, channel: row.channel,
            format: row.format, state: row.state.rawValue, causes: row.findings.map(\.rawValue),
            referrals: row.referrals.map(\.description), hasMoreReferrals: row.hasMoreReferrals,
            hasOpenWork: row.hasOpenWork)
    }
}

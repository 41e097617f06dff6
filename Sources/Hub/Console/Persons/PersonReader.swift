import CaseStore
import Console
import Disclosure
import Ledger
import Postgres
import Referral
import Rights

/// Reads what is known of one person, as far as somebody of staff may see it, for the console's pages.
struct PersonReader: Sendable {
    /// What an id in a page's address leads to.
    enum Found: Sendable {
        case unknown
        /// It was found to be this person.
        case merged(into: UUIDValue)
        case file(PersonFile)
    }

    /// Where each list of the page goes on; nil for its beginning.
    struct Edges: Sendable {
        var referrals: UUIDValue?
        var shares: UUIDValue?
        var told: UUIDValue?
        /// A version.
        var agreements: Int?
    }

    /// So many of a list are on a page.
    private static let perPage = 20

    let sharing: Sharing
    private let console: Installation
    private let audit: Installation
    private let cards: AccessCards

    init(_ installation: Installation, _ sharing: Sharing) {
        self.sharing = sharing
        console = installation.acting(as: .console)
        audit = installation.acting(as: .audit)
        cards = AccessCards(installation)
    }

    // MARK: The person

    private struct Read: Sendable {
        var summary: PersonSummary
        var identity: PersonFile.Identity
        var referrals: [ReferralSummary]
        var shares: [Share]
        var told: [Share]
    }

    /// Who somebody is to the hub, without opening anything; nil when there is no such person.
    func summary(of id: UUIDValue) async throws -> PersonSummary? {
        try await console.database.read { [store = console.store] in try store.person(id, in: $0) }
    }

    /// Whether what was known of somebody can be read no more: then nothing new is begun.
    func isErased(_ id: UUIDValue) async throws -> Bool {
        try await sharing.circumstances(of: id)?["erasure"]?.stringValue == Subject.Erasure.done.rawValue
    }

    /// Everything about a person. That who it is was read is entered in the ledger, as by the API.
    func file(of id: UUIDValue, from edges: Edges = Edges(), for open: StaffSessions.Open) async throws -> Found {
        guard let summary = try await summary(of: id) else { return .unknown }
        if let survivor = summary.mergedInto { return .merged(into: survivor) }
        let mayKnow = open.may(.readReferral)
        let read = try await console.database.transaction { [store = console.store] connection in
            let limit = Self.perPage + 1
            return Read(
                summary: summary,
                identity: mayKnow
                    ? try Self.identity(of: id, by: open.principal.id, store, in: connection) : .notForReader,
                referrals: mayKnow
                    ? try store.referrals(of: id, before: edges.referrals, limit: limit, in: connection) : [],
                shares: try store.sharesOfAll(of: id, before: edges.shares, limit: limit, in: connection),
                told: try store.sharesOfAll(
                    of: id, wereSent: true, before: edges.told, limit: limit, in: connection))
        }
        let (mayReadAgreements, mayReadCircumstances) = (open.may(.readAgreement), open.may(.readCircumstances))
        // Of all who are this person, as a share is judged.
        let facts = mayReadAgreements || mayReadCircumstances ? try await sharing.facts(of: id) : nil
        let isErased = if case .erased = read.identity { true } else { false }
        return .file(
            PersonFile(
                id: id.description, merged: summary.merged.map(\.description), identity: read.identity,
                caseState: summary.caseState,
                circumstances: mayReadCircumstances ? facts.map { Self.circumstances($0.subject, isErased) } : nil,
                referrals: mayKnow
                    ? Self.part(read.referrals, from: edges.referrals) { [sharing] in .init($0, sharing) } : nil,
                permissions: mayReadAgreements ? facts.map(permissions(by:)) : nil,
                agreements: mayReadAgreements ? try await agreements(of: summary, before: edges.agreements) : nil,
                shares: Self.part(read.shares, from: edges.shares) { [sharing] in .init($0, sharing) },
                told: Self.part(read.told, from: edges.told) { [sharing] in .init($0, sharing) },
                rights: .init(
                    recordAgreement: open.may(.recordAgreement) && !isErased,
                    withdrawAgreement: open.may(.withdrawAgreement),
                    requestShare: open.may(.requestShare) && !isErased, readLooks: open.may(.readPersonLooks),
                    readLedger: open.may(.readLedger), readTrace: open.may(.readTrace),
                    keyInPath: console.configuration.servesStaffForm && open.may(.enterReferral)
                        ? StaffFormRoutes.path : nil)))
    }

    private static func identity(
        of id: UUIDValue, by actor: String, _ store: CaseStore, in connection: Connection
    ) throws -> PersonFile.Identity {
        do {
            guard let picture = try store.profile(of: id, viewedBy: actor, in: connection) else { return .erased }
            return .known(PersonFacts(picture.value))
        } catch CaseStoreError.keyDestroyed {
            return .erased
        }
    }

    private static func part<Row: Sendable & Identified, Element: Sendable>(
        _ rows: [Row], from edge: UUIDValue?, _ element: (Row) -> Element
    ) -> PersonFile.Part<Element> {
        let page = rows.prefix(perPage)
        return .init(
            page.map(element), next: rows.count > page.count ? page.last?.id.description : nil, isLater: edge != nil)
    }

    // MARK: Agreements

    /// All agreements, also of those who were found to be the same, as the API tells them; the newest first.
    func allAgreements(of summary: PersonSummary) async throws -> [PersonAgreement] {
        var all: [PersonAgreement] = []
        for person in [summary.id] + summary.merged {
            all += (try await sharing.agreements(of: person) ?? []).compactMap { value in
                PersonAgreement(value) { FieldGroup(rawValue: $0)?.words ?? $0 }
            }
        }
        return all
    }

    /// The same, with the recipients by name.
    func namedAgreements(of summary: PersonSummary) async throws -> [PersonAgreement] {
        try await allAgreements(of: summary).map { agreement in
            var named = agreement
            for index in named.lines.indices {
                named.lines[index].recipient = sharing.name(of: named.lines[index].recipient)
            }
            return named
        }
    }

    private func agreements(
        of summary: PersonSummary, before: Int?
    ) async throws -> PersonFile.Part<PersonAgreement> {
        // A place in the list, which is short: a person signs a few in a lifetime.
        let all = try await namedAgreements(of: summary)
        let start = min(max(0, before ?? 0), all.count)
        let page = all[start...].prefix(Self.perPage)
        return .init(Array(page), next: page.endIndex < all.count ? String(page.endIndex) : nil, isLater: start > 0)
    }

    private func permissions(by facts: DisclosureFacts) -> PermissionTable {
        let permissions = sharing.permissions(by: facts)
        return PermissionTable(
            purposes: permissions.purposes.map(\.rawValue),
            rows: permissions.rows.map { row in
                .init(recipient: sharing.name(of: row.recipient), cells: row.cells.map(PermissionTable.Cell.init))
            })
    }

    // MARK: Circumstances

    /// What else decides what may be told, in sentences.
    ///
    /// - Parameter isErased: Whether this very record was erased, and not only another that was found to be the person's.
    private static func circumstances(_ subject: Subject, _ isErased: Bool) -> [String] {
        func day(_ instant: Instant) -> String { LondonTime.clock(instant).date.iso }
        var sentences: [String] = []
        if let since = subject.restrictedOn { sentences.append("Its use is restricted since \(day(since)).") }
        if let died = subject.deceasedOn { sentences.append("The person died on \(day(died)).") }
        if let ended = subject.supportEndedOn { sentences.append("Support ended on \(day(ended)).") }
        if let end = subject.retentionUntil { sentences.append("It is kept until \(day(end)).") }
        if subject.hasLegalHold { sentences.append("It is kept for a legal matter.") }
        switch subject.erasure {
        case .done where isErased: sentences.append("The person was erased.")
        case .done: sentences.append("A record that was found to be theirs was erased: nothing about them is told.")
        case nil: break
        default: sentences.append("The person has asked to be erased.")
        }
        for objection in subject.objections.map(\.rawValue).sorted() {
            sentences.append("The person objects: \(objection.replacing("_", with: " ")).")
        }
        return sentences
    }

    // MARK: Who looked

    /// Who looked at a person: control rooms, and of staff whom the ledger names. Both readings are entered in the ledger.
    ///
    /// - Returns: Nil where an edge is none of this person's list.
    func looks(
        at summary: PersonSummary, before look: UUIDValue?, beforeView view: UUIDValue?, for open: StaffSessions.Open
    ) async throws -> PersonLooks? {
        var looks: PersonFile.Part<PersonLooks.Look>?
        if open.may(.readPersonLooks) {
            do {
                // No more than is shown: each is entered as read.
                let found = try await cards.looks(
                    at: summary.id, before: look, limit: Self.perPage, by: open.principal.id)
                let page = (found ?? []).compactMap(PersonLooks.Look.init)
                looks = .init(page, next: page.count == Self.perPage ? page.last?.id : nil, isLater: look != nil)
            } catch is RequestError {
                return nil
            }
        }
        return PersonLooks(
            person: summary.id.description, looks: looks,
            views: open.may(.readLedger) ? try await views(of: summary, before: view, by: open.principal.id) : nil,
            mayOpenLooks: open.may(.readLook))
    }

    private func views(
        of summary: PersonSummary, before view: UUIDValue?, by actor: String
    ) async throws -> PersonFile.Part<PersonLooks.View> {
        let rows = try await audit.database.transaction { [store = audit.store] connection in
            try store.enterLook(at: .trace, about: summary.id.description, by: actor, in: connection)
            return try store.views(
                of: [summary.id] + summary.merged, before: view, limit: Self.perPage + 1, in: connection)
        }
        return Self.part(rows, from: view) { PersonLooks.View($0) }
    }
}

/// What a list goes on after.
private protocol Identified {
    var id: UUIDValue { get }
}

extension ReferralSummary: Identified {}
extension Share: Identified {}
extension PersonView: Identified {}

extension PersonFile.Referral {
    fileprivate init(_ referral: ReferralSummary, _ sharing: Sharing) {
        self.init(
            id: referral.id.description, submission: referral.submission.description,
            at: Instant(referral.receivedAt), sender: sharing.name(of: referral.sender), type: referral.type,
            state: referral.state, urgency: referral.urgency)
    }
}

extension PersonFile.Share {
    fileprivate init(_ share: Share, _ sharing: Sharing) {
        let request = share.request
        func words(_ groups: some Sequence<String>) -> [String] {
            groups.sorted().map { FieldGroup(rawValue: $0)?.words ?? $0 }
        }
        // What was let go of one that was stopped before it was sent is told to nobody.
        let isStopped = [.refused, .cancelled, .failed].contains(share.state) && share.attempts == 0
        let told = Set(isStopped ? [] : share.released)
        self.init(
            id: share.id.description, at: Instant(request.requestedAt), recipient: sharing.name(of: request.recipient),
            purpose: request.purpose, level: request.level, state: share.state.rawValue,
            finishedAt: share.finishedAt.map(Instant.init), attempts: share.attempts, by: request.requestedBy,
            told: words(told), withheld: words(Set(request.groups).subtracting(told)),
            reasons: share.reasonsInWords, code: share.failure ?? share.reason, agreement: share.agreementVersion)
    }
}

extension PermissionTable.Cell {
    fileprivate init(_ cell: PersonPermissions.Cell) {
        switch cell.permitted {
        case .all: self = .all
        case .part(let groups): self = .part(FieldGroup.allCases.filter(groups.contains).map(\.words))
        case .nothing(let reason) where Self.endings.contains(reason):
            self = cell.wasNamed ? .ended(reason.explanation) : .nothing(ReasonCode.purposeNotInAgreement.explanation)
        case .nothing(let reason): self = .nothing(reason.explanation)
        }
    }

    private static let endings: Set<ReasonCode> = [.recipientWithdrawn, .agreementRevoked, .agreementExpired]
}

extension PersonLooks.Look {
    /// - Parameter value: As `GET /v1/persons/{id}/looks` has it.
    fileprivate init?(_ value: Value) {
        guard let id = value["lookup_id"]?.stringValue,
            let at = value["at"]?.stringValue.flatMap(Instant.init(rfc3339:))
        else { return nil }
        let groups = (value["groups"]?.arrayValue ?? []).compactMap(\.stringValue)
        self.init(
            id: id, at: at, room: value["control_room"]?.stringValue ?? "",
            isReveal: value["kind"]?.stringValue == "reveal",
            told: groups.map { FieldGroup(rawValue: $0)?.words ?? $0 },
            isReviewed: value["reviewed"]?.boolValue ?? false, isUnproved: value["unproved"]?.boolValue ?? false,
            incident: value["incident_ref"]?.stringValue)
    }
}

extension PersonLooks.View {
    fileprivate init(_ view: PersonView) {
        self.init(
            id: view.id.description, at: Instant(view.at), actor: view.actor, what: Self.what(view),
            reference: Self.reference(view))
    }

    private static func what(_ view: PersonView) -> String {
        if let value = value(view) { return value }
        if view.part == LedgerPart.masked.rawValue {
            return view.share == nil
                ? "What a message is made of, with its values hidden" : "What left for a share, with its values hidden"
        }
        if view.share != nil { return "What a share would tell, or who answered to it" }
        if view.referral != nil { return "A referral" }
        if view.look != nil { return "Which control rooms looked" }
        if let recipient = view.recipient { return "What a share would tell \(recipient), before it was asked for" }
        return view.part == LedgerPart.search.rawValue ? "Found in a search" : "Who it is, or a list about them"
    }

    /// One value that was shown: which, and why.
    private static func value(_ view: PersonView) -> String? {
        let kind: String
        switch view.part.flatMap(LedgerPart.init) {
        case .received?: kind = "One value of what came"
        case .understood?: kind = "One value of a referral, as it was understood"
        case .sent?: kind = "One value of what left for a share"
        default: return nil
        }
        let why = view.reason.map { RevealForm.Reason(rawValue: $0)?.words ?? $0 }
        let reason = [why, view.reference].compactMap { $0 }.joined(separator: ", ")
        return kind + (view.field.map { ": \($0)" } ?? "") + (reason.isEmpty ? "" : ". Why: \(reason)")
    }

    private static func reference(_ view: PersonView) -> Reference? {
        if let share = view.share?.description {
            return Reference("Share", share, path: Console.approvalPath(share))
        }
        if let referral = view.referral?.description { return Reference("Referral", referral) }
        return view.submission.map { Reference("Receipt", $0.description) }
    }
}

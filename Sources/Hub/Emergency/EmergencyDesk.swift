import CaseStore
import Channels
import Disclosure
import EmergencyAccess
import HTTPTypes
import Logging
import Postgres
import Referral
import Synchronization
import Vault

/// Answers control rooms, out of this process's memory alone: at once, whatever the database does.
///
///     EmergencyQuery ─▶ found ─▶ Decision ─▶ written in the journal ─▶ answer
///
/// ``EmergencyKeeper`` keeps the memory as the database has it, and brings the journal's looks there.
final class EmergencyDesk: Sendable {
    /// From how old a picture on an answer says that it was given without the database.
    static let offlineAfter = Duration.seconds(5)
    /// Candidates that are shown at most.
    private static let mostCandidates = 20
    /// Everything that may be told in an emergency.
    private static let groups: Set<FieldGroup> = [
        .name, .dob, .nhsNumber, .address, .access, .hazard, .critical, .family,
    ]

    private struct State {
        var index = CardIndex()
        var callers = EmergencyCallers()
        /// When this was last as the database has it; nil before it ever was.
        var asOf: Timestamp?
    }

    private let rules: PolicyRules
    private let vault: Vault
    private let journal: LookJournal
    private let metrics: Metrics
    private let logger: Logger
    /// Enters a look in the database at once, for a journal that cannot be written.
    private let enter: @Sendable (EmergencyLook) async throws -> Void
    private let state = Mutex(State())

    init(
        rules: PolicyRules, vault: Vault, journal: LookJournal, metrics: Metrics, logger: Logger,
        enter: @escaping @Sendable (EmergencyLook) async throws -> Void
    ) {
        self.rules = rules
        self.vault = vault
        self.journal = journal
        self.metrics = metrics
        self.logger = logger
        self.enter = enter
    }

    // MARK: What it knows

    /// Those who are given something in an emergency.
    var recipients: Set<String> { rules.emergencyRecipients }

    /// Whether it has a picture to answer by.
    var isReady: Bool { state.withLock { $0.asOf != nil } }

    var cardCount: Int { state.withLock { $0.index.count } }

    var callers: EmergencyCallers { state.withLock { $0.callers } }

    /// Takes a whole picture.
    func show(all: CardIndex, callers: EmergencyCallers, asOf: Timestamp) {
        var all = all
        // What was there before is let go of outside the lock, for it may be large.
        state.withLock { state in
            swap(&state.index, &all)
            state.callers = callers
            state.asOf = asOf
        }
    }

    /// Takes the cards that changed, and takes away those that are gone.
    func show(changed: [IndexedCard], gone: [String], callers: EmergencyCallers, asOf: Timestamp) {
        state.withLock { state in
            for card in changed { state.index.insert(card) }
            for person in gone { state.index.remove(person: person) }
            state.callers = callers
            state.asOf = asOf
        }
    }

    /// The person's card, as it is told now.
    func card(of person: String) -> IndexedCard? { state.withLock { $0.index[person] } }

    /// Every card, for the snapshot.
    var cards: [IndexedCard] { state.withLock { Array($0.index.all) } }

    /// When what it knows was last as the database has it.
    var asOf: Timestamp? { state.withLock { $0.asOf } }

    // MARK: Who asks

    /// The control room whose certificate and access token these are; nil for all others, and where they are two's.
    func caller(certificate: ClientCertificate?, token text: String?) -> EmergencyCallers.Caller? {
        let callers = callers
        var holder: EmergencyCallers.Caller?
        switch certificate.map(callers.holder) {
        case .caller(let caller)?: holder = caller
        case .refused?: return nil
        case .nobody?, nil: break
        }
        guard let text else { return holder.flatMap { $0.mayAsk ? $0 : nil } }
        guard let token = AccessToken(text, openedBy: vault), token.isGood(at: WallClock.now(), with: certificate),
            let bearer = callers.caller(with: token), bearer.mayAsk
        else { return nil }
        return holder == nil || holder == bearer ? bearer : nil
    }

    /// The control room of an id, for whoever of staff has called it back; nil for all others.
    func controlRoom(_ id: String) -> EmergencyCallers.Caller? { callers.callers.first { $0.id == id && $0.mayAsk } }

    // MARK: Answers

    /// Looks for whom a control room asks about.
    ///
    /// - Returns: `{lookup_id, as_of, offline, matches, card? | candidates?}`.
    /// - Throws: ``Problem`` where the look cannot be put on record.
    func look(
        _ request: LookRequest, by caller: EmergencyCallers.Caller, _ way: AskingWay = .system
    ) async throws -> Value {
        let now = Timestamp.now()
        let (found, asOf) = find(request, by: caller, at: now)
        let judged = found.map { card in
            (card: card, decision: decide(card, caller: caller.id, incident: request.incident, at: now))
        }
        let told = judged.filter(\.decision.outcome.releases)
        let shown = told.prefix(told.count == 1 ? 1 : Self.mostCandidates)
        var look = EmergencyLook(
            id: .v7(), at: now, kind: .look, outcome: told.isEmpty ? .none : told.count == 1 ? .card : .candidates,
            caller: caller.id, incident: request.incident, isOffline: isOffline(asOf, at: now),
            isUnproved: way.isUnproved,
            policyVersion: rules.version, found: [],
            details: [
                "caller_id": .string(request.user), "incident_ref": .string(request.incident),
                "reason": .string(request.reason), "by": .string(request.query.kind), "query": request.asked,
            ])
        var answer = answer(look, asOf)
        answer["matches"] = .number(String(told.count))
        switch look.outcome {
        case .card:
            let (card, decision) = told[0]
            look.found = [.init(person: card, released: decision.released)].compactMap { $0 }
            answer["card"] = .object(self.card(card, decision.released, request.incident, caller, at: now))
        case .candidates:
            look.found = shown.compactMap {
                .init(person: $0.card, released: $0.decision.released.intersection([.name, .address]))
            }
            answer["candidates"] = .array(
                shown.map { candidate($0.card, $0.decision.released, request.incident, caller, at: now) })
        case .none: break
        }
        look.found += judged.filter { !$0.decision.outcome.releases }.compactMap {
            .init(person: $0.card, released: [], refusal: $0.decision.reason)
        }
        for (name, detail) in way.details { look.details[name] = detail }
        try await record(look)
        return answer
    }

    /// Gives the code of a key safe whose card was given before. A second time is never refused; staff see it.
    ///
    /// - Returns: `{lookup_id, as_of, offline, key_safe}`, without `key_safe` where there is no code to be told any more.
    /// - Throws: ``Problem`` for what no answer of this hub gave to this control room, or where it cannot be put on record.
    func reveal(
        _ request: RevealRequest, by caller: EmergencyCallers.Caller, _ way: AskingWay = .system
    ) async throws -> Value {
        let now = Timestamp.now()
        guard
            let token = LookToken(
                request.token, .keySafe, openedBy: vault, for: caller.id, at: now.microseconds / 1_000_000)
        else { throw Problem.notFound }
        let (card, asOf) = state.withLock { ($0.index[token.person], $0.asOf) }
        let decision = card.map { decide($0, caller: caller.id, incident: token.incident, at: now) }
        let isReleased = decision?.released.contains(.access) ?? false
        // A code that was taken off the card since is not told, and nobody is to read that it was.
        let isTold = isReleased && card?.card.keySafeCode != nil
        var look = EmergencyLook(
            id: .v7(), at: now, kind: .reveal, outcome: isTold ? .card : .none, caller: caller.id,
            incident: token.incident, isOffline: isOffline(asOf, at: now), isUnproved: way.isUnproved,
            policyVersion: rules.version, found: [],
            details: ["caller_id": .string(request.user), "incident_ref": .string(token.incident), "by": "key_safe"])
        if let card {
            look.found = [
                .init(person: card, released: isTold ? [.access] : [], refusal: isReleased ? nil : decision?.reason)
            ]
            .compactMap { $0 }
        }
        var answer = answer(look, asOf)
        if isTold, let safe = card?.card.value["key_safe"] { answer["key_safe"] = safe }
        for (name, detail) in way.details { look.details[name] = detail }
        try await record(look)
        return answer
    }

    private func find(
        _ request: LookRequest, by caller: EmergencyCallers.Caller, at now: Timestamp
    ) -> ([IndexedCard], Timestamp?) {
        var person: String?
        if case .candidate(let text) = request.query {
            let token = LookToken(
                text, .candidate, openedBy: vault, for: caller.id, at: now.microseconds / 1_000_000)
            guard let token, token.incident == request.incident else { return ([], state.withLock { $0.asOf }) }
            person = token.person
        }
        return state.withLock { state in
            let found = person.map { [state.index[$0]].compactMap { $0 } } ?? state.index.find(request.query)
            return (found, state.asOf)
        }
    }

    private func decide(_ card: IndexedCard, caller: String, incident: String, at now: Timestamp) -> Decision {
        let at = Instant(microseconds: now.microseconds)
        var subject = card.subject
        subject.age = card.dob?.age(on: LondonTime.clock(at).date)
        var asked = ShareRequestFacts(
            recipient: caller, purpose: Purpose.emergency.rawValue, level: Level.identifiable.rawValue,
            groups: Self.groups, channel: ReleaseChannel.httpsMutualTLS.rawValue)
        asked.recipientChannels = [.httpsMutualTLS]
        // An authenticated caller with a reference is a live incident.
        asked.incidentReference = incident
        asked.isLive = true
        return Policy.decide(DisclosureFacts(at: at, subject: subject, request: asked), rules: rules, tracing: false)
    }

    private func answer(_ look: EmergencyLook, _ asOf: Timestamp?) -> Value {
        var answer: Value = ["lookup_id": .string(look.id.description), "offline": .bool(look.isOffline)]
        answer["as_of"] = asOf.map { .string($0.rfc3339) }
        return answer
    }

    private func card(
        _ card: IndexedCard, _ released: Set<FieldGroup>, _ incident: String, _ caller: EmergencyCallers.Caller,
        at now: Timestamp
    ) -> Object {
        var person = Object()
        if released.contains(.name) {
            person["given"] = card.given.map(Value.string)
            person["family"] = card.family.map(Value.string)
        }
        if released.contains(.dob) { person["dob"] = card.dob.map { .string($0.iso) } }
        if released.contains(.nhsNumber) { person["nhs_number"] = card.nhsNumber.map(Value.string) }
        var told = Object()
        if person.count > 0 { told["person"] = .object(person) }
        let today = LondonTime.clock(Instant(microseconds: now.microseconds)).date
        for (name, section) in card.card.told(released, on: today) { told[name] = section }
        if told["key_safe"]?["has_code"]?.boolValue == true {
            told["key_safe"]?["reveal"] = .string(token(.keySafe, card, incident, caller, at: now))
        }
        return told
    }

    /// The house and the first name, and nothing else.
    private func candidate(
        _ card: IndexedCard, _ released: Set<FieldGroup>, _ incident: String, _ caller: EmergencyCallers.Caller,
        at now: Timestamp
    ) -> Value {
        var value: Value = ["candidate": .string(token(.candidate, card, incident, caller, at: now))]
        if released.contains(.address) { value["house"] = card.house.map(Value.string) }
        if released.contains(.name) { value["given"] = card.given.map(Value.string) }
        return value
    }

    private func token(
        _ kind: LookToken.Kind, _ card: IndexedCard, _ incident: String, _ caller: EmergencyCallers.Caller,
        at now: Timestamp
    ) -> String {
        LookToken(
            person: card.person, caller: caller.id, incident: incident,
            ends: now.microseconds / 1_000_000 + kind.lifetime
        ).text(kind, sealedBy: vault)
    }

    /// Whether the database has not answered for a while.
    var isOffline: Bool { isOffline(asOf, at: .now()) }

    private func isOffline(_ asOf: Timestamp?, at now: Timestamp) -> Bool {
        asOf.map { $0 + Self.offlineAfter < now } ?? true
    }

    /// On this node's disk, else in the database; and where neither can be, nothing is told.
    private func record(_ look: EmergencyLook) async throws {
        do {
            try await journal.append(StrictJSON.write(look.value))
            metrics.count(.emergencyLooks, look.kind == .reveal ? "reveal" : look.outcome.rawValue)
        } catch {
            logger.error("a look cannot be written in the journal", metadata: ["error": "\(error)"])
            metrics.count(.emergencyLooks, "not_in_journal")
            do {
                // A database that is away would keep the control room waiting, and for nothing.
                if look.isOffline { throw error }
                try await enter(look)
            } catch {
                logger.error("a look cannot be put on record", metadata: ["error": "\(error)"])
                metrics.count(.emergencyLooks, "not_on_record")
                throw Problem.notOnRecord
            }
        }
    }
}

extension PolicyRules {
    /// Those who are given something in an emergency.
    var emergencyRecipients: Set<String> { matrix.first { $0.purpose == .emergency }?.recipients ?? [] }
}

extension EmergencyLook.Found {
    fileprivate init?(person card: IndexedCard, released: Set<FieldGroup>, refusal: ReasonCode? = nil) {
        guard let id = UUIDValue(card.person) else { return nil }
        self.init(person: id, released: released, refusal: refusal)
    }
}

extension Problem {
    /// A look that nobody could be told of later is not given.
    fileprivate static let notOnRecord = Problem(
        status: .serviceUnavailable, code: "not_on_record",
        title:
            "The look cannot be put on record now, so nothing is told. Ask the other node, or phone the duty officer",
        retryAfter: 1)
}

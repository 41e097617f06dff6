import Disclosure
import EmergencyAccess
import Logging
import Postgres
import Referral
import Vault

/// Emergency access on this node, opened: the desk that answers, and the keeper that keeps it right.
struct EmergencyOffice: Sendable {
    let desk: EmergencyDesk
    let keeper: EmergencyKeeper

    /// Opens the journal and the snapshot; the database need not be there.
    ///
    /// - Throws: ``ConfigurationError`` where the journal cannot be written.
    static func open(
        _ settings: Configuration.Emergency, rules: PolicyRules, vault: Vault, record: LookRecord, metrics: Metrics,
        logger: Logger
    ) throws -> EmergencyOffice {
        let journal: LookJournal
        do {
            journal = try LookJournal(settings.journal, capacity: settings.journalBytes, vault: vault)
        } catch {
            throw ConfigurationError(problems: [
                .init(line: nil, key: "emergency.journal", text: "\(settings.journal): \(error)")
            ])
        }
        let desk = EmergencyDesk(
            rules: rules, vault: vault, journal: journal, metrics: metrics, logger: logger,
            enter: { try await record.enter([$0]) })
        var snapshot = SnapshotFile(settings.snapshot, vault: vault)
        desk.show(snapshot.read())
        let keeper = EmergencyKeeper(
            desk: desk, journal: journal, snapshot: snapshot, record: record, logger: logger)
        metrics.watch { gauges(desk, journal) }
        return EmergencyOffice(desk: desk, keeper: keeper)
    }
}

private func gauges(_ desk: EmergencyDesk, _ journal: LookJournal) -> [Metrics.Gauge] {
    func gauge(_ name: String, _ help: String, _ value: Double) -> Metrics.Gauge {
        .init(name: name, help: help, samples: [([], value)])
    }
    let fill = journal.fill
    let age = desk.asOf.map { (Timestamp.now() - $0) / .seconds(1) } ?? -1
    return [
        gauge("hub_emergency_cards", "Access cards that control rooms can be told", Double(desk.cardCount)),
        gauge(
            "hub_emergency_picture_age_seconds", "Since when it may differ from the database; -1 before it is known",
            age),
        gauge("hub_emergency_journal_used_bytes", "Looks in the journal that are not in the ledger", Double(fill.used)),
        gauge("hub_emergency_journal_bytes", "How many it holds", Double(fill.of)),
        gauge("hub_emergency_journal_broken", "1 once it cannot be written, until a restart", fill.isBroken ? 1 : 0),
    ]
}

extension EmergencyDesk {
    /// Takes the picture of a snapshot, if it holds one.
    fileprivate func show(_ snapshot: [Value]) {
        var index = CardIndex()
        var callers = EmergencyCallers()
        var asOf: Timestamp?
        for value in snapshot {
            if let card = IndexedCard(value) {
                index.insert(card)
            } else if let known = EmergencyCallers(value) {
                callers = known
            } else if let moment = value["as_of"]?.intValue {
                asOf = Timestamp(microseconds: Int64(moment))
            }
        }
        guard let asOf else { return }
        show(all: index, callers: callers, asOf: asOf)
    }
}

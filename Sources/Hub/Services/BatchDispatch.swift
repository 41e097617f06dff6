import Channels
import Postgres
import Referral
import Translation

/// Brings what leaves for one partner at one time of day into one table.
///
/// Each share has passed the gate and is on the ledger by itself, as any other (``Dispatch``); only the bytes leave together,
/// and what became of them is what became of each. A table is closed once no share has come for a moment, once it is full,
/// or once the first has waited for as long as one may since it was judged.
///
/// The table of an exercise is checked as a whole by its sheet before it leaves, and has its report beside it: rows that do not
/// hold are left out and refused, the others go.
actor BatchDispatch {
    /// For so long no share has come, when a table is closed.
    private static let quiet = Duration.seconds(2)
    /// So long the first waits at most.
    private static let longest = Duration.seconds(15)

    /// One kind of table: what a purpose is sent by.
    private struct Kind: Hashable {
        var purpose: String
        var channel: Outbound.Channel

        init(_ outbound: Outbound) {
            purpose = outbound.purpose
            channel = outbound.channel
        }
    }

    private struct Row {
        var release: ReleaseGate.Release
        var outcome: CheckedContinuation<DeliveryOutcome, Never>
    }

    private struct Table {
        let id = UUIDValue.v7()
        let opened = ContinuousClock.now
        var lastCame = ContinuousClock.now
        var rows: [Row] = []
    }

    private let recipient: String
    private let sender: String
    private var tables: [Kind: Table] = [:]
    /// Rows of an exercise that the gate refused since the last table left.
    private var leftOut: [Kind: [ExerciseFile.LeftOut]] = [:]

    init(to recipient: String, from sender: String) {
        self.recipient = recipient
        self.sender = sender
    }

    /// Notes that a share's row has no place in the next table, for the table's report.
    func leaveOut(_ share: UUIDValue, code: String, of outbound: Outbound) {
        leftOut[Kind(outbound), default: []].append(.init(share: share.description, code: code))
    }

    /// Delivers a release in a table with those that come at the same time.
    func deliver(_ release: ReleaseGate.Release) async -> DeliveryOutcome {
        let kind = Kind(release.outbound)
        return await withCheckedContinuation { outcome in
            let isNew = tables[kind] == nil
            tables[kind, default: Table()].rows.append(Row(release: release, outcome: outcome))
            tables[kind]?.lastCame = .now
            if let table = tables[kind], table.rows.count == Outbound.Batch.mostRows {
                tables[kind] = nil
                // Unstructured: those who wait for the outcome are the tasks of other messages, none of which owns the table.
                Task { await self.send(table) }
            } else if isNew, let table = tables[kind] {
                Task { await self.close(kind, table.id) }
            }
        }
    }

    /// Waits until a table is to be closed, unless it was full before.
    private func close(_ kind: Kind, _ id: UUIDValue) async {
        while let table = tables[kind], table.id == id {
            let due = min(table.lastCame + Self.quiet, table.opened + Self.longest)
            guard due <= .now else {
                try? await Task.sleep(until: due, clock: .continuous)
                continue
            }
            tables[kind] = nil
            await send(table)
        }
    }

    private func send(_ table: Table) async {
        guard let first = table.rows.first?.release else { return }
        if let sheet = first.outbound.sheet { return await send(table, first, by: sheet) }
        let outcome = await deliver(
            first.outbound.joined(table.rows.map(\.release.delivery.bytes)), of: table, like: first)
        for row in table.rows { row.outcome.resume(returning: outcome) }
    }

    /// The table of an exercise; none where no row of it holds.
    private func send(_ table: Table, _ first: ReleaseGate.Release, by sheet: ExerciseSheet) async {
        let file = ExerciseFile(
            table.rows.map {
                .init(
                    share: $0.release.delivery.id, person: $0.release.person.description,
                    table: $0.release.delivery.bytes)
            }, by: sheet)
        var outcome = DeliveryOutcome.rejected(code: "sheet_empty", text: "no row of the table holds")
        let before = file.shares.isEmpty ? [] : leftOut.removeValue(forKey: Kind(first.outbound)) ?? []
        if !file.shares.isEmpty {
            outcome = await deliver(file.bytes, of: table, like: first) {
                .init(ending: ".check.json", bytes: file.report($0, leftOut: before, at: $1))
            }
        }
        let isLaid =
            switch outcome {
            case .delivered, .duplicate: true
            case .retryable, .rejected, .unknown: false
            }
        if !isLaid { leftOut[Kind(first.outbound), default: []] += before }
        for row in table.rows {
            // A row that lost to another's loses only once that one is there.
            let fault = isLaid || file.shares.isEmpty ? file.faults[row.release.delivery.id] : nil
            row.outcome.resume(returning: fault.map { .rejected(code: $0.code, text: $0.text) } ?? outcome)
        }
    }

    /// Has the bytes of a table delivered, under a name of its own.
    ///
    /// - Parameter report: Makes what lies beside it, of its name and the moment.
    private func deliver(
        _ bytes: [UInt8], of table: Table, like first: ReleaseGate.Release,
        report: (String, Instant) -> Delivery.Report? = { _, _ in nil }
    ) async -> DeliveryOutcome {
        let now = Instant(microseconds: Timestamp.now().microseconds)
        let name = first.outbound.fileName(ofBatch: table.id.description, from: sender, at: now)
        var delivery = Delivery(
            id: table.id.description, recipient: recipient, bytes: bytes, mediaType: first.delivery.mediaType,
            fileName: name)
        delivery.report = report(name, now)
        var outcome = await first.channel.deliver(delivery)
        // All at the same moment, so that they are one table again.
        if case .retryable(let code, let text, nil) = outcome {
            outcome = .retryable(code: code, text: text, after: first.outbound.retry.first)
        }
        return outcome
    }
}

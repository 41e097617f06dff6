import Channels
import Postgres
import Referral
import Translation

/// Brings what leaves for one partner at one time of day into one table.
///
/// Each share has passed the gate and is on the ledger by itself, as any other (``Dispatch``); only the bytes leave together,
/// and what became of them is what became of each. A table is closed once no share has come for a moment, once it is full,
/// or once the first has waited for as long as one may since it was judged.
actor BatchDispatch {
    /// For so long no share has come, when a table is closed.
    private static let quiet = Duration.seconds(2)
    /// So long the first waits at most.
    private static let longest = Duration.seconds(15)

    /// One kind of table: what a purpose is sent by.
    private struct Kind: Hashable {
        var purpose: String
        var channel: Outbound.Channel
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

    init(to recipient: String, from sender: String) {
        self.recipient = recipient
        self.sender = sender
    }

    /// Delivers a release in a table with those that come at the same time.
    func deliver(_ release: ReleaseGate.Release) async -> DeliveryOutcome {
        let kind = Kind(purpose: release.outbound.purpose, channel: release.outbound.channel)
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
        let now = Instant(microseconds: Timestamp.now().microseconds)
        let delivery = Delivery(
            id: table.id.description, recipient: recipient,
            bytes: first.outbound.joined(table.rows.map(\.release.delivery.bytes)), mediaType: first.delivery.mediaType,
            fileName: first.outbound.fileName(ofBatch: table.id.description, from: sender, at: now))
        var outcome = await first.channel.deliver(delivery)
        // All at the same moment, so that they are one table again.
        if case .retryable(let code, let text, nil) = outcome {
            outcome = .retryable(code: code, text: text, after: first.outbound.retry.first)
        }
        for row in table.rows { row.outcome.resume(returning: outcome) }
    }
}

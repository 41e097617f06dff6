import CaseStore
import Channels
import Logging
import Postgres

extension AcknowledgementKeeper {
    /// Asks about every extract of one partner that is due now, one after the other: one that lies in a folder is judged again
    /// at each look, with everybody in it.
    func followExtracts(_ recipient: String) async throws {
        let due = try await database.transaction { [store] connection in
            try store.takeTrackedExtracts(
                of: recipient, shortest: Self.looks.shortest, longest: Self.looks.longest,
                in: connection)
        }
        for tracked in due { try await look(at: tracked) }
    }

    private func look(at tracked: TrackedExtract) async throws {
        guard let channel = partners.channel(tracked.channel, of: tracked.recipient) else { return }
        switch await channel.progress(of: tracked.reference) {
        case .waiting where tracked.kind == .fetched: try await takeBack(tracked, from: channel)
        case .waiting: break
        case .unavailable(let code, _):
            logger.debug("a channel could not tell", metadata: ["extract": "\(tracked.extract)", "code": "\(code)"])
        case .complete:
            try await database.transaction { [store] connection in
                switch tracked.kind {
                case .meshTracking, .fetched, .response:
                    let told = AcknowledgementTold(.taken, by: AcknowledgementTold.channel)
                    try store.acknowledge(extract: tracked.extract, told, in: connection)
                case .reply, .manual: try store.endTracking(extract: tracked.extract, in: connection)
                }
            }
            metrics.count(.acknowledgements, "complete")
        case .refused(let code, _):
            try await database.transaction { [store] connection in
                let told = AcknowledgementTold(.refused, code: code, by: AcknowledgementTold.channel)
                try store.acknowledge(extract: tracked.extract, told, in: connection)
            }
            metrics.count(.acknowledgements, "refused")
        case .failed(let code, _):
            try await database.transaction { [store] connection in
                try store.returned(
                    extract: tracked.extract, reference: tracked.reference, code: code, in: connection)
            }
            metrics.count(.acknowledgements, "failed")
        }
    }

    /// Takes what nobody has fetched out of the channel, if it might no longer leave.
    private func takeBack(_ tracked: TrackedExtract, from channel: any OutboundChannel) async throws {
        let refusal = try await database.transaction { [store, extracts] connection -> String? in
            try store.prepareDelivered(extract: tracked.extract, in: connection).flatMap {
                try extracts.judge($0, in: connection).refusal
            }
        }
        guard let refusal else { return }
        switch await channel.withdraw(tracked.reference) {
        case .removed:
            try await database.transaction { [store] in
                try store.returned(
                    extract: tracked.extract, reference: tracked.reference, code: refusal, isTakenBack: true, in: $0)
            }
            metrics.count(.acknowledgements, "taken_back")
        case .alreadyFetched:
            _ = try await database.transaction { [store] in
                try store.acknowledge(
                    extract: tracked.extract, AcknowledgementTold(.taken, by: AcknowledgementTold.channel), in: $0)
            }
        case .impossible: break
        case .unknown(let code, _):
            logger.warning(
                "what may no longer leave could not be taken back yet",
                metadata: ["extract": "\(tracked.extract)", "code": "\(code)"])
        }
    }
}

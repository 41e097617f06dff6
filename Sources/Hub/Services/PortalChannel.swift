import CaseStore
import Channels
import Postgres

/// The portal as a way out: a document waits there, sealed, until a named member of staff fetches it once (``Portal``).
///
/// That it was fetched is told by ``progress(of:)``, besides by whoever fetches it at once.
struct PortalChannel: OutboundChannel {
    let database: Database
    let store: CaseStore

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard let share = UUIDValue(delivery.id) else {
            return .rejected(code: "no_share", text: "the portal takes documents of shares alone")
        }
        do {
            let isThere = try await database.transaction { [store] connection in
                try store.layInPortal(
                    delivery.bytes, of: share, fileName: delivery.fileName ?? delivery.id,
                    mediaType: delivery.mediaType, in: connection)
            }
            return isThere ? .delivered(reference: delivery.id) : .duplicate(reference: delivery.id)
        } catch CaseStoreError.keyDestroyed {
            return .rejected(code: "key_destroyed", text: "the person's key is destroyed")
        } catch {
            return .unknown(code: "database", text: "it is not known whether the document was stored")
        }
    }

    func progress(of reference: String) async -> DeliveryProgress {
        do {
            switch try await state(of: reference) {
            // Taken back by a hub that could not enter it any more: judged anew, it is taken back again.
            case .waiting, .takenBack: return .waiting
            case .fetched: return .complete
            case nil: return .failed(code: "not_there", text: "it was never in the portal")
            }
        } catch {
            return .unavailable(code: "database", text: "the database could not be asked")
        }
    }

    func withdraw(_ reference: String) async -> Channels.Withdrawal {
        guard let share = UUIDValue(reference) else { return .impossible }
        do {
            let state = try await database.transaction { [store] in try store.takeOutOfPortal(share, in: $0) }
            return state == .fetched ? .alreadyFetched : .removed
        } catch {
            return .unknown(code: "database", text: "the database could not be asked")
        }
    }

    func probe() async -> [ProbeStep] {
        let what = "portal"
        do {
            let count = try await database.read { [store] in try store.portalCount(in: $0) }
            return [.passed(what, "documents that wait at \(PortalRoutes.path): \(count)")]
        } catch {
            return [.failed(what, code: "database", "the database could not be asked")]
        }
    }

    private func state(of reference: String) async throws -> PortalState? {
        guard let share = UUIDValue(reference) else { return nil }
        return try await database.read { [store] in try store.portalState(of: share, in: $0) }
    }
}

import CaseStore
import Disclosure
import Postgres
import Referral
import Translation

extension Sharing {
    /// A share as it stands, with who let it go on so far.
    func standing(_ id: UUIDValue) async throws -> Share? {
        try await database.read { [store] connection in try store.share(id, in: connection) }
    }

    /// What a release for a share would be bound by, in the order in which obligations are listed.
    func obligations(of request: ShareRequest) -> [Obligation] {
        let kind = OutboundPartners.kind(of: request.recipient)
        let rows = rules.matrix.filter { $0.purpose.rawValue == request.purpose && $0.level.rawValue == request.level }
        // One that no row names is somebody whom a person has let in.
        let named = rows.filter { $0.recipients.contains(request.recipient) || $0.recipients.contains(kind) }
        let owed = (named.isEmpty ? rows.filter { $0.unlisted != nil } : named).map(\.obligations)
        return Obligation.allCases.filter { obligation in owed.contains { $0.contains(obligation) } }
    }

    /// The recipient's name, as its adapter has it, or else the register; a member of a kind with its own id.
    func name(of recipient: String) -> String {
        let listed = rules.register.recipients[OutboundPartners.kind(of: recipient)]
        let name = partners.adapter(recipient)?.name ?? listed?.name(on: LondonTime.clock(Instant(.now())).date)
        guard let name else { return recipient }
        return recipient.contains(":") ? "\(name) (\(recipient))" : name
    }
}

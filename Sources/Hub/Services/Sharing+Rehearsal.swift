import CaseStore
import Channels
import Crypto
import Disclosure
import Postgres
import Referral

extension Sharing {
    /// What would become of a share if it were asked for now.
    struct Rehearsal: Sendable {
        var request: ShareRequest
        var decision: Decision
        /// What would leave once all who must have let it go.
        var preview: Preview
        /// Of what is asked for, what the decision rests on and what would leave: the same as long as they are.
        var digest: String
    }

    /// Judges a share that nobody has asked for, and shows what would leave for it. Nothing is stored but that somebody looked.
    ///
    /// - Parameters:
    ///   - body: The JSON of `POST /v1/shares`.
    ///   - id: What the share will be called if it is asked for: it stands in what leaves.
    /// - Returns: Nil when there is no such person.
    /// - Throws: ``RequestError`` naming everything that is wrong with the body.
    func rehearse(_ body: [UInt8], id: UUIDValue, by actor: String) async throws -> Rehearsal? {
        let request = try request(in: body, id: id, by: actor)
        let asked = try await database.transaction { [store, partners] connection in
            let setup = try partners.setup(of: request.recipient, store, in: connection)
            let asked = try store.ask([request], in: connection) { _ in setup }.first ?? nil
            if asked != nil { try store.enterView(before: request, in: connection) }
            return asked
        }
        guard let asked else { return nil }
        let decision = Policy.decide(asked.facts, rules: rules, tracing: false)
        return Rehearsal(
            request: request, decision: decision, preview: shown(asked.showing(decision)),
            digest: digest(of: asked, decision))
    }

    /// Of what is asked for, what the decision rests on, and the bytes that would leave, which the adapter makes.
    private func digest(of asked: AskedShare, _ decision: Decision) -> String {
        // As of a moment of its own: in the bytes stands when it was asked for, which it is each time anew.
        let bytes: [UInt8] =
            switch shown(asked.showing(decision, askedAt: Timestamp(microseconds: 0))) {
            case .document(_, let sha256): sha256
            case .nothing(let finding): Array(finding.text.utf8)
            }
        return Hexadecimal.text(Array(SHA256.hash(data: asked.basis(of: decision) + bytes)))
    }

    /// Those who may be told something, by their ids with their names: who stands in the register, and members of kinds to whom a
    /// way is set up.
    var recipients: [(id: String, name: String)] {
        let listed = rules.register.recipients.values.filter { !$0.isKind && $0.standing != .person }.map(\.id)
        let members = partners.configured.filter { $0.contains(":") }
        let entered = Array(rules.register.entered.keys)
        return Set(listed + members + entered).map { ($0, name(of: $0)) }.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    /// Whether a text is the id of somebody who may be told something at all.
    func isRecipient(_ text: String) -> Bool {
        if case .recipient(let recipient, let member) = rules.register[text] {
            return !recipient.isKind || member != nil
        }
        return rules.register.entered[text] != nil
    }
}

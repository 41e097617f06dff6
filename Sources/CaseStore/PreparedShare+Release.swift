package import Disclosure
import Postgres
package import Referral

extension PreparedShare {
    /// Those obligations of a release that the hub cannot show to be met by entering it (disclosure policy, section 6):
    /// the entry itself is the log, the share is what later notices are sent by, and the entry names the authority.
    package func unmet(_ obligations: Set<Obligation>) -> Set<Obligation> {
        obligations.filter { obligation in
            switch obligation {
            case .log, .trackForNotices: false
            case .recordAuthority: facts.request.authorityReference?.isEmpty ?? true
            default: true
            }
        }
    }

    /// What leaves, as the adapters' shapes name it: the share, the agreement, the sender, and of the person's picture
    /// what the decision releases.
    ///
    /// The picture is that of the transaction in which the share was prepared. What is not released is absent.
    package func release(_ decision: Decision, from sender: ReleaseSender) -> Value {
        guard decision.mayLeave, case .object(var release) = profile.released(decision.released) else {
            return .object(Object())
        }
        var origin = Object([("id", .string(sender.id)), ("name", .string(sender.name))])
        origin["ods"] = sender.ods.map(Value.string)
        origin["mailbox"] = sender.mailbox.map(Value.string)
        origin["service"] = sender.service.map(Value.string)
        release["sender"] = .object(origin)
        var about: Object = [
            "id": .string(share.id.description), "purpose": .string(share.request.purpose),
            "recipient": .string(share.request.recipient),
            "level": .string(decision.level?.rawValue ?? share.request.level),
            "created_at": .string(share.request.requestedAt.rfc3339),
        ]
        about["authority_ref"] = facts.request.authorityReference.map(Value.string)
        release["share"] = .object(about)
        if let agreement = facts.agreements.first(where: { $0.id == decision.agreementID }) {
            release["agreement"] = [
                "id": .string(agreement.id), "version": .number(String(agreement.version)),
                "signed_on": .string(LondonTime.clock(agreement.signedOn).date.iso),
            ]
        }
        release["groups"] = .array(decision.released.words.map(Value.string))
        return .object(release)
    }
}

package import Disclosure
package import Postgres
import Referral
import Vault

/// Where a share stands; the same closed list, with the steps between them drawn, is the SQL type `record.share_state`.
package enum ShareState: String, CaseIterable, Sendable, SQLScalar {
    /// Asked for, not yet decided.
    case requested
    /// Permitted, and waits for its first or next attempt.
    case queued
    case refused
    /// A named person must decide; nothing goes meanwhile.
    case parked
    /// An attempt is under way: its release entry is committed.
    case sending
    case delivered
    /// Permitted once and stopped before it arrived.
    case cancelled
    /// The receiver will not take it, or every attempt was used up.
    case failed
}

/// Somebody asks that something about a person be told to a recipient.
///
/// The words are those of the asker; one that is no word of code letters is kept as `unreadable`, which the policy
/// refuses, so that nothing personal is stored by mistake.
package struct ShareRequest: Sendable, Hashable {
    package let id: UUIDValue
    package let person: UUIDValue
    package let referral: UUIDValue?
    package let recipient: String
    package let purpose: String
    package let level: String
    package let groups: [String]
    package let channel: String
    package let grounds: ShareGrounds
    /// An id; what a staff system knows its people by comes after its own id and a slash.
    package let requestedBy: String
    package let requestedAt: Timestamp

    package init(
        id: UUIDValue = .v7(), person: UUIDValue, referral: UUIDValue? = nil, recipient: String, purpose: String,
        level: String = Level.identifiable.rawValue, groups: [String], channel: String,
        grounds: ShareGrounds = ShareGrounds(), requestedBy: String, requestedAt: Timestamp = .now()
    ) {
        self.id = id
        self.person = person
        self.referral = referral
        self.recipient = Self.word(recipient)
        self.purpose = Self.word(purpose)
        self.level = Self.word(level)
        self.groups = Set(groups.map(Self.word)).sorted()
        self.channel = Self.word(channel)
        self.grounds = grounds
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
    }

    /// Whether another asks for the same: the way there and the moment aside.
    package func asksTheSame(as other: ShareRequest) -> Bool { words == other.words && grounds == other.grounds }

    /// What is asked for, by whom, about whom.
    fileprivate var words: [String] {
        [
            person.description, referral?.description ?? "", recipient, purpose, level,
            groups.joined(separator: " "), requestedBy,
        ]
    }

    /// The same, asked for at another moment.
    func asked(at moment: Timestamp) -> ShareRequest {
        ShareRequest(
            id: id, person: person, referral: referral, recipient: recipient, purpose: purpose, level: level,
            groups: groups, channel: channel, grounds: grounds, requestedBy: requestedBy, requestedAt: moment)
    }

    /// Code letters as they are; anything else as `unreadable`.
    static func word(_ text: String) -> String {
        let isWord = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        return isWord && text.utf8.count <= 64 ? text : "unreadable"
    }
}

/// A share, without any of its content.
package struct Share: Sendable, Hashable {
    package var request: ShareRequest
    package var state: ShareState
    /// The outcome of the latest decision, as `PERMIT`.
    package var outcome: String?
    package var reason: String?
    package var agreement: UUIDValue?
    package var agreementVersion: Int?
    package var policyVersion: String?
    package var released: [String]
    /// The queue's message that will send it.
    package var message: Int64?
    /// The receiver's own reference for what it was given.
    package var reference: String?
    /// Why the last attempt failed, or why it was cancelled.
    package var failure: String?
    package var attempts: Int
    package var decidedAt: Timestamp?
    package var queuedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// Who let it go on so far; read for one share and where one is judged, empty in lists.
    package var approvals: [ShareApproval] = []
    /// What is known of it since its delivery; read for one share, nil in lists.
    package var acknowledgement: Acknowledgement?

    /// Whether it waits for something that judging it again does not bring: two persons were found to be one, and staff
    /// take it back or ask anew.
    package var waitsForStaffAlone: Bool {
        state == .parked && failure != reason && failure != Decision.secondPersonRequired
    }

    /// Whose approval it lacks; nil when it waits for none, or no approval helps.
    package var awaits: ApprovalRole? {
        guard state == .parked else { return nil }
        if failure == Decision.secondPersonRequired { return .second }
        return outcome == Outcome.refer.rawValue && failure == reason
            ? reason.flatMap(ReasonCode.init).flatMap(ApprovalRole.init(lackedFor:)) : nil
    }

    package var id: UUIDValue { request.id }
}

/// What became of taking a share back.
package enum ShareCancellation: Sendable, Hashable {
    /// No attempt follows; cancel its message in the same transaction. It may have been taken back before.
    case cancelled(Share)
    /// It is on its way, or has ended.
    case tooLate(Share)
}

/// A share that was asked for, with the facts on which it is to be judged.
package struct AskedShare: Sendable {
    package let request: ShareRequest
    package let facts: DisclosureFacts
    let key: DataKey
    let profile: Referral
}

/// A share that was asked for and judged, to be entered.
package struct NewShare: Sendable {
    package var asked: AskedShare
    package var decision: Decision
    /// The queue's message that will send it: of one that is permitted.
    package var message: Int64?

    package init(_ asked: AskedShare, decision: Decision) {
        self.asked = asked
        self.decision = decision
    }

    /// Where the decision leads: queued, refused or parked.
    package var state: ShareState {
        switch decision.outcome {
        case .permit, .permitReduced: decision.mayLeave ? .queued : .parked
        case .refer: .parked
        case .deny: .refused
        }
    }

    /// The share as it is entered.
    var share: Share {
        let decidedAt = Timestamp(decision.at)
        return Share(
            request: asked.request, state: state, outcome: decision.outcome.rawValue,
            reason: decision.reason.rawValue, agreement: decision.agreement,
            agreementVersion: decision.agreementVersion, policyVersion: decision.policyVersion,
            released: decision.mayLeave ? decision.released.words : [], message: message,
            failure: state == .parked ? decision.code : nil, attempts: 0, decidedAt: decidedAt,
            queuedAt: state == .queued ? decidedAt : nil, finishedAt: state == .refused ? decidedAt : nil)
    }
}

/// What is set up for a recipient at this moment: configuration and register tell.
package struct RecipientSetup: Sendable, Hashable {
    /// Nil when the channel that was asked for is known to be set up.
    package var channels: Set<ReleaseChannel>?
    package var isSuspended: Bool
    /// Needed by a member of a kind that receives only under contract.
    package var contract: ShareRequestFacts.Contract?

    package init(
        channels: Set<ReleaseChannel>?, isSuspended: Bool = false, contract: ShareRequestFacts.Contract? = nil
    ) {
        self.channels = channels
        self.isSuspended = isSuspended
        self.contract = contract
    }
}

/// How an attempt to send ended; the same closed list is the SQL type `record.attempt_outcome`.
package enum ReleaseOutcome: Sendable, Hashable {
    case delivered(reference: String?)
    /// It did not arrive; another attempt may.
    case retry(code: String)
    /// The receiver will not take it, however often.
    case rejected(code: String)
    /// It may have arrived. Another attempt is safe only where the receiver recognises it.
    case unknown(code: String)

    var name: String {
        switch self {
        case .delivered: "delivered"
        case .retry: "retry"
        case .rejected: "rejected"
        case .unknown: "unknown"
        }
    }

    var code: String? {
        switch self {
        case .delivered: nil
        case .retry(let code), .rejected(let code), .unknown(let code): code
        }
    }
}

/// Who sends, as a release names it.
package struct ReleaseSender: Sendable, Hashable {
    package var id: String
    package var name: String
    package var ods: String?
    /// Our MESH mailbox, to which replies go.
    package var mailbox: String?
    /// Our id in the directory of services, to which replies by the Booking and Referral Standard go.
    package var service: String?

    package init(
        id: String, name: String, ods: String? = nil, mailbox: String? = nil, service: String? = nil
    ) {
        self.id = id
        self.name = name
        self.ods = ods
        self.mailbox = mailbox
        self.service = service
    }
}

/// A share that is about to be sent, with the facts of this moment. Its locks hold until the transaction ends.
package struct PreparedShare: Sendable {
    package let share: Share
    package internal(set) var facts: DisclosureFacts
    let profile: Referral
    let key: DataKey
    /// Whether an attempt before may have arrived, and no person has said that it may be sent again all the same.
    package let mayHaveArrived: Bool
}

extension AskedShare {
    /// As it would be prepared for sending if it were asked for and let go at this moment: to show what would leave. It stands
    /// nowhere, and nothing is locked.
    ///
    /// - Parameters:
    ///   - decision: The one that it would be entered with.
    ///   - moment: When it was asked for; left out, when it was. It stands in what leaves.
    package func showing(_ decision: Decision, askedAt moment: Timestamp? = nil) -> PreparedShare {
        var facts = facts
        facts.stage = .send
        facts.queuedAt = facts.at
        var share = NewShare(self, decision: decision).share
        if let moment { share.request = request.asked(at: moment) }
        return PreparedShare(share: share, facts: facts, profile: profile, key: key, mayHaveArrived: false)
    }

    /// What is asked for, and what the decision and the document rest on: of two moments at which it is the same, the same
    /// leaves.
    package func basis(of decision: Decision) -> [UInt8] {
        let grounds = request.grounds
        let asked =
            request.words + [
                request.channel, grounds.authorityReference ?? "", grounds.orderedGroups.words.joined(separator: " "),
                String(grounds.isPublicBody), String(grounds.isIdentityVerified),
            ]
        let decided = [
            decision.code, decision.agreementID ?? "", decision.policyVersion,
            decision.released.words.joined(separator: " "),
        ]
        return Array((asked + decided).joined(separator: "\n").utf8) + StrictJSON.write(profile.value)
    }
}

extension PreparedShare {
    /// As it would be judged if an authority were named, where none is.
    package func naming(authority: String) -> PreparedShare {
        var named = self
        named.facts.request.authorityReference =
            named.facts.request.authorityReference ?? ShareRequest.word(authority)
        return named
    }

    /// As it would be judged if somebody had approved.
    package func approved(as role: ApprovalRole) -> PreparedShare {
        var approved = self
        approved.facts.request.approve(as: role, by: "preview of \(role.rawValue)")
        return approved
    }
}

/// A release that was decided and rendered, and whose bytes wait to leave.
package struct NewRelease: Sendable {
    package var prepared: PreparedShare
    package var decision: Decision
    /// SHA-256 of the bytes that will leave.
    package var bytesHash: [UInt8]

    package init(prepared: PreparedShare, decision: Decision, bytesHash: [UInt8]) {
        self.prepared = prepared
        self.decision = decision
        self.bytesHash = bytesHash
    }
}

/// How one attempt to send a share ended.
package struct EndedRelease: Sendable, Hashable {
    package var share: UUIDValue
    package var attempt: Int
    package var outcome: ReleaseOutcome
    /// What is awaited of the partner if it was delivered; nil when that is enough.
    package var awaited: AwaitedAcknowledgement?

    package init(
        share: UUIDValue, attempt: Int, outcome: ReleaseOutcome, awaited: AwaitedAcknowledgement? = nil
    ) {
        self.share = share
        self.attempt = attempt
        self.outcome = outcome
        self.awaited = awaited
    }
}

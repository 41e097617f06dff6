package import Postgres

/// What became of the wish that a person be erased.
package enum Erasure: Sendable {
    case erased(ErasedPerson)
    /// It was done before.
    case before(Timestamp)
    case refused([Obstacle])
    case noPerson

    /// Why a person cannot be erased now.
    package enum Obstacle: Sendable, Hashable, CustomStringConvertible {
        /// A legal hold beats erasure.
        case legalHold
        /// A control room's look about the person is to be reviewed first: what was asked goes with the person.
        case unreviewedLook(UUIDValue)
        /// A share is being sent at this moment.
        case sending(share: UUIDValue)
        /// An extract with the person in it is.
        case sendingExtract(UUIDValue)

        package var description: String {
            switch self {
            case .legalHold: "a legal hold is on the record: lift it first (`hub person change`), or refuse the request"
            case .unreviewedLook(let look): "the look \(look) is to be reviewed first: `hub emergency review \(look)`"
            case .sending(let share): "the share \(share) is being sent: try again in a moment"
            case .sendingExtract(let extract): "the extract \(extract) is being sent: try again in a moment"
            }
        }
    }
}

/// What was destroyed and stopped with a person.
package struct ErasedPerson: Sendable, Hashable {
    /// The person, and all who were found to be them.
    package var persons: [UUIDValue]
    package var at: Timestamp
    /// Shares that will not be sent any more, and their messages in the queue.
    package var shares: [UUIDValue] = []
    package var messages: [Int64] = []
    /// Extracts that are to be made anew without the person.
    package var extracts: [UUIDValue] = []
    package var extractMessages: [Int64] = []
    /// Documents that were destroyed, and how many of them told about others too. What was understood of those stays.
    package var documents = 0
    package var sharedDocuments = 0
    /// Documents that tell about others too and that these still need: they are destroyed as soon as nothing needs them.
    package var waitingDocuments = 0
    /// Looks of which what was asked was destroyed.
    package var looks = 0
    /// Who was given something about the person, and is to be told of the erasure (UK GDPR, article 19).
    package var recipients: [String] = []
}

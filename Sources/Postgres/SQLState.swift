/// The five characters by which PostgreSQL says what went wrong (manual, appendix A).
///
///     do { … } catch SQLState.uniqueViolation { … }
package struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let featureNotSupported = SQLState(rawValue: "0A000")
    package static let connectionException = SQLState(rawValue: "08000")
    package static let connectionFailure = SQLState(rawValue: "08006")
    package static let protocolViolation = SQLState(rawValue: "08P01")
    package static let characterNotInRepertoire = SQLState(rawValue: "22021")
    package static let datetimeFieldOverflow = SQLState(rawValue: "22008")
    package static let divisionByZero = SQLState(rawValue: "22012")
    package static let invalidTextRepresentation = SQLState(rawValue: "22P02")
    package static let notNullViolation = SQLState(rawValue: "23502")
    package static let foreignKeyViolation = SQLState(rawValue: "23503")
    package static let uniqueViolation = SQLState(rawValue: "23505")
    package static let checkViolation = SQLState(rawValue: "23514")
    package static let exclusionViolation = SQLState(rawValue: "23P01")
    package static let activeTransaction = SQLState(rawValue: "25001")
    package static let readOnlyTransaction = SQLState(rawValue: "25006")
    package static let transactionAborted = SQLState(rawValue: "25P02")
    package static let idleInTransactionTimeout = SQLState(rawValue: "25P03")
    package static let unknownPreparedStatement = SQLState(rawValue: "26000")
    package static let invalidAuthorization = SQLState(rawValue: "28000")
    package static let invalidPassword = SQLState(rawValue: "28P01")
    package static let unknownDatabase = SQLState(rawValue: "3D000")
    package static let serializationFailure = SQLState(rawValue: "40001")
    package static let deadlockDetected = SQLState(rawValue: "40P01")
    package static let insufficientPrivilege = SQLState(rawValue: "42501")
    package static let syntaxError = SQLState(rawValue: "42601")
    package static let undefinedColumn = SQLState(rawValue: "42703")
    package static let undefinedTable = SQLState(rawValue: "42P01")
    package static let duplicateDatabase = SQLState(rawValue: "42P04")
    package static let duplicateObject = SQLState(rawValue: "42710")
    package static let duplicateTable = SQLState(rawValue: "42P07")
    package static let diskFull = SQLState(rawValue: "53100")
    package static let tooManyConnections = SQLState(rawValue: "53300")
    package static let objectInUse = SQLState(rawValue: "55006")
    package static let lockNotAvailable = SQLState(rawValue: "55P03")
    package static let queryCanceled = SQLState(rawValue: "57014")
    package static let adminShutdown = SQLState(rawValue: "57P01")
    package static let crashShutdown = SQLState(rawValue: "57P02")
    package static let cannotConnectNow = SQLState(rawValue: "57P03")
    package static let databaseDropped = SQLState(rawValue: "57P04")
    package static let idleSessionTimeout = SQLState(rawValue: "57P05")
    package static let raiseException = SQLState(rawValue: "P0001")

    /// The first two characters, which name the class of the condition.
    package var category: Substring { rawValue.prefix(2) }

    /// Whether the same transaction, begun again, may well succeed.
    package var isRetryable: Bool {
        switch self {
        case .serializationFailure, .deadlockDetected, .lockNotAvailable, .adminShutdown, .crashShutdown,
            .cannotConnectNow, .readOnlyTransaction:
            true
        // The connection; and what the server has too little of, such as connections or room on its disk.
        default: category == "08" || category == "53"
        }
    }

    /// Whether the connection is of no further use: the server is going, or has become a standby.
    var endsConnection: Bool {
        switch self {
        case .readOnlyTransaction, .idleInTransactionTimeout: true
        default: category == "08" || rawValue.hasPrefix("57P0")
        }
    }

    package var description: String { rawValue }

    /// Lets `catch` name a state.
    package static func ~= (state: SQLState, error: any Error) -> Bool {
        (error as? PostgresError)?.state == state
    }
}

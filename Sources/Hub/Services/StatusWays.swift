import CaseStore
import Channels
import Logging
import MessageQueue
import Postgres

/// The ways by which referrers' own systems are told what became of their referrals (partner interfaces, section 1).
///
/// A referrer without one reads it at its receipts, and in a status file where it drops files.
package struct StatusWays: Sendable {
    private let channels: [String: any OutboundChannel]

    /// Opens a channel for each partner below `status`.
    ///
    /// - Throws: ``ConfigurationError`` with every way that cannot be used as it is configured.
    static func open(_ configuration: Configuration, logger: Logger) async throws -> Self {
        var problems: [ConfigurationError.Problem] = []
        var channels: [String: any OutboundChannel] = [:]
        for (partner, endpoint) in configuration.status.sorted(by: { $0.key < $1.key }) {
            do {
                switch endpoint {
                case .https(let https): channels[partner] = try https.channel(connections: StatusMessages.concurrency)
                case .mesh(let mesh):
                    channels[partner] = MESHChannel(
                        client: try mesh.client(), mailbox: mesh.recipientMailbox, workflows: mesh.workflows,
                        logger: logger)
                }
            } catch let error as ConfigurationError {
                problems += error.problems
            } catch {
                problems.append(.init(line: nil, key: "status.\(partner)", text: "\(error)"))
            }
        }
        let ways = Self(channels: channels)
        guard problems.isEmpty else {
            await ways.shutdown()
            throw ConfigurationError(problems: problems)
        }
        return ways
    }

    /// The partners that are told, in alphabetical order.
    var partners: [String] { channels.keys.sorted() }

    subscript(partner: String) -> (any OutboundChannel)? { channels[partner] }

    /// The message that will tell a referral's sender what became of it; nil where it has no way, or may not know.
    func message(for outcome: ReferralOutcome) -> NewMessage? {
        guard channels[outcome.sender] != nil, outcome.refusal == nil else { return nil }
        return NewMessage(
            queue: StatusMessages.queueName(outcome.sender), key: outcome.referral.description,
            payload: Array(StatusMessageID(outcome).text.utf8), correlation: outcome.submission)
    }

    /// Closes every channel's connections.
    func shutdown() async {
        for channel in channels.values { await channel.shutdown() }
    }
}

package import CaseStore
import Channels
package import Postgres
import Referral
package import Translation

/// The table of an exercise when there is nothing to tell: that nobody is in it is an answer too, and is handed in by an officer
/// as any other.
package struct ExerciseHandover: Sendable {
    /// What became of the wish for an empty table.
    package enum Answer: Sendable {
        /// It lies in the folder under this name.
        case laid(name: String)
        /// The day of the extract has not come.
        case early(ExerciseSheet)
        /// The last day for handing in is over.
        case closed(ExerciseSheet)
        /// Rows wait, have left, or are still to be mended: how many shares are in which state.
        case notEmpty([(state: ShareState, count: Int)])
        case failed(code: String, text: String)
    }

    private let installation: Installation
    private let recipient: String
    private let outbound: Outbound
    private let sheet: ExerciseSheet
    private let channel: any OutboundChannel

    /// Nil where no exercise is set up for the recipient.
    package init?(_ installation: Installation, to recipient: String) {
        guard let exercise = installation.partners.exercise(of: recipient) else { return nil }
        self.installation = installation.acting(as: .worker)
        self.recipient = recipient
        (outbound, sheet, channel) = exercise
    }

    /// Lays an empty table down, unless somebody is or will be in one.
    package func layEmpty(at now: Timestamp = .now()) async throws -> Answer {
        let moment = Instant(microseconds: now.microseconds)
        guard moment >= sheet.opens else { return .early(sheet) }
        guard !sheet.isClosed(at: moment) else { return .closed(sheet) }
        let states = try await installation.database.read { [store = installation.store, recipient, sheet] in
            try store.states(under: sheet.exercise, to: recipient, in: $0)
        }
        guard states.isEmpty else { return .notEmpty(states) }
        let id = UUIDValue.v7().description
        let name = outbound.fileName(ofBatch: id, from: installation.sender.id, at: moment)
        let file = ExerciseFile([], by: sheet)
        var delivery = Delivery(
            id: id, recipient: recipient, bytes: file.bytes, mediaType: outbound.mediaType, fileName: name)
        delivery.report = .init(ending: ".check.json", bytes: file.report(name, at: moment))
        switch await channel.deliver(delivery) {
        case .delivered, .duplicate: return .laid(name: name)
        case .retryable(let code, let text, _), .rejected(let code, let text), .unknown(let code, let text):
            return .failed(code: code, text: text)
        }
    }
}

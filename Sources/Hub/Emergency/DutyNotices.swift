import CaseStore
import Channels
import MessageQueue
import Postgres
import Referral
import ServiceLifecycle

/// Tells the duty officer, by webhook or e-mail, that a control room has looked: which one, when, how it ended, and by when
/// somebody is to look into it. Of nobody else anything.
struct DutyNotices: Sendable {
    static let queueName = "duty"

    /// For a day: after that the list of looks says the same.
    static let policy = QueuePolicy(
        maximumAttempts: 1_000, backOff: BackOff(base: .seconds(2), cap: .seconds(900)), deadline: .seconds(86_400),
        breaker: CircuitBreaker(failures: 5))

    private enum Way: Sendable {
        case https(HTTPSChannel)
        case mail(MailSender, from: String, to: String)
    }

    private let way: Way
    private let team: String

    /// - Throws: ``ConfigurationError`` or `ChannelConfigurationError`.
    init(_ duty: Configuration.Duty, team: String) throws {
        self.team = team
        switch duty {
        case .https(let https): way = .https(try https.channel(connections: 1))
        case .mail(let mail):
            let sender = try MailSender(
                url: mail.smtp,
                login: MailLogin(
                    user: mail.user ?? "", password: try mail.password?.resolve() ?? "",
                    certificateAuthority: mail.authority, timeout: mail.timeout),
                setting: "emergency.duty.mail.smtp")
            way = .mail(sender, from: mail.from, to: mail.to)
        }
    }

    /// The message that tells of a look.
    static func message(for look: EmergencyLook, reviewed: Duration) -> NewMessage {
        let notice: Value = [
            "lookup_id": .string(look.id.description), "at": .string(look.at.rfc3339),
            "control_room": .string(look.caller), "kind": .string(look.kind.rawValue),
            "outcome": .string(look.outcome.rawValue), "offline": .bool(look.isOffline),
            "unproved": .bool(look.isUnproved), "review_by": .string((look.at + reviewed).rfc3339),
        ]
        return NewMessage(queue: queueName, payload: StrictJSON.write(notice))
    }

    /// Works on one message of the queue.
    func work(_ lease: Lease) async -> LeaseOutcome {
        guard let notice = try? StrictJSON.parse(lease.payload), let id = notice["lookup_id"]?.stringValue else {
            return .deadLetter(Cause(code: "payload_unknown", text: "The message tells of no look"))
        }
        switch way {
        case .https(let channel):
            let delivered = await channel.deliver(
                Delivery(
                    id: "look-\(id)", attempt: lease.attempt, recipient: "duty_officer", bytes: lease.payload,
                    mediaType: "application/json"))
            switch AttemptEnding(delivered, mayRepeat: true).next {
            case .over: return .done
            case .again(let cause, let after): return .retry(cause, after: after)
            case .givenUp(let cause): return .deadLetter(cause)
            }
        case .mail(let sender, let from, let to):
            let mail = PlainMail(
                from: from, to: to, subject: "A control room has looked somebody up",
                headers: ["Auto-Submitted: auto-generated"], text: text(notice))
            do throws(MailError) {
                try await sender.send(
                    from: from, to: to, message: mail.message(id: "look-\(id)", at: WallClock.now()))
                return .done
            } catch {
                let cause = Cause(code: error.code, text: error.text)
                return error == .refused ? .deadLetter(cause) : .retry(cause)
            }
        }
    }

    private func text(_ notice: Value) -> String {
        func said(_ name: String) -> String { notice[name]?.stringValue ?? "" }
        let proof = notice["unproved"]?.boolValue == true ? "\nIt could not be proved who asked." : ""
        return """
            \(said("control_room")) has asked \(team) how to get to somebody, at \(said("at")).

            Look \(said("lookup_id")): \(said("kind")), \(said("outcome")).\(proof)
            Please look into it by \(said("review_by")): hub emergency looks --by WHO

            This message was written by a machine and names nobody. Please do not reply to it.
            """
    }

    /// Closes connections. Nothing may be told afterwards.
    func shutdown() async {
        switch way {
        case .https(let channel): await channel.shutdown()
        case .mail(let sender, _, _): await sender.shutdown()
        }
    }
}

/// The duty officer's queue as a service.
struct DutyService: Service {
    let notices: DutyNotices
    let queue: MessageQueue

    func run() async throws {
        let consumer = Consumer(
            queue: queue, name: DutyNotices.queueName, concurrency: 1, batch: 4, handler: { await notices.work($0) })
        do {
            try await consumer.run()
            await notices.shutdown()
        } catch {
            await notices.shutdown()
            throw error
        }
    }
}

/// A way by which rendered bytes reach a partner: one implementation per protocol.
///
/// A channel decides nothing about *whether* bytes may leave: by the time it is called the release is decided and on the
/// ledger. It never throws, since every way in which a partner can answer is an outcome that the dispatcher must treat.
package protocol OutboundChannel: Sendable {
    /// Sends one delivery and says how it went. Bounded by the channel's own time-outs.
    func deliver(_ delivery: Delivery) async -> DeliveryOutcome

    /// Whether the receiver tells a repeat under the same ``Delivery/id`` from a second delivery. Where it does not, nobody
    /// may send again what may have arrived. Defaults to true.
    var recognisesRepeats: Bool { get }

    /// What became of a delivery that the receiver's system took in earlier.
    ///
    /// Only store-and-forward channels can tell more than they told at ``deliver(_:)``; the default is `.complete`.
    /// - Parameter reference: the reference that came with `.delivered`.
    func progress(of reference: String) async -> DeliveryProgress

    /// How long the receiver's system wants to be left alone before it is asked, and between two questions, about a
    /// delivery; nil, the default, where it does not say.
    /// - Parameter reference: the reference that came with `.delivered`.
    func interval(of reference: String) -> Duration?

    /// Tells the receiver's system that its last word about a delivery is on our record, so that it may forget it. May be
    /// told again after a crash.
    ///
    /// The default, for channels that have nothing to tell, is true.
    /// - Parameter reference: the reference that came with `.delivered`.
    /// - Returns: Whether that is done.
    func close(_ reference: String) async -> Bool

    /// Tries the way to the receiver as far as it goes without a document, and says how each step went; the first that
    /// fails is the last. Sends nothing personal and leaves nothing there. Bounded by the channel's own time-outs.
    func probe() async -> [ProbeStep]

    /// Takes back what the receiver has not fetched, since it may have it no longer.
    ///
    /// Only channels on which a delivery waits for its receiver can; the default is `.impossible`. May be asked again after
    /// `.unknown`, and after a crash.
    /// - Parameter reference: the reference that came with `.delivered`.
    func withdraw(_ reference: String) async -> Withdrawal

    /// Closes connections. Nothing may be delivered afterwards.
    func shutdown() async
}

extension OutboundChannel {
    package var recognisesRepeats: Bool { true }
    package func progress(of reference: String) async -> DeliveryProgress { .complete }
    package func interval(of reference: String) -> Duration? { nil }
    package func close(_ reference: String) async -> Bool { true }
    package func withdraw(_ reference: String) async -> Withdrawal { .impossible }
    package func shutdown() async {}
}

/// One attempt to bring one rendered release to one recipient.
package struct Delivery: Sendable {
    /// The same on every attempt for the same share, so that the receiver can recognise a repeat
    /// (`Idempotency-Key` over HTTPS, `Mex-LocalID` over MESH). Letters, digits and hyphens; no personal data.
    package var id: String
    /// 1 for the first attempt.
    package var attempt: Int
    /// The recipient's id in the register, for logs. The channel itself knows the address.
    package var recipient: String
    package var bytes: [UInt8]
    /// The media type of `bytes`, such as `application/json`.
    package var mediaType: String
    /// A name for channels that carry files. No personal data.
    package var fileName: String?
    /// A subject line for channels that carry one. No personal data, unless a standard of the channel wants it there.
    package var subject: String?
    /// Where to, when that hangs on the person and not on the recipient (MESH's automatic routing to a GP practice). Then it
    /// is personal data: no channel logs it. Left out: the channel's own address.
    package var address: String?
    /// The adapter's name for what kind of document this is, where the channel sends each kind under an id of its own (MESH).
    package var workflow: String?
    /// What lies beside the file for whoever carries it on, where a person does. No personal data.
    package var report: Report?

    /// A file beside the delivered one.
    package struct Report: Sendable, Hashable {
        /// What its name has after that of the delivered file.
        package var ending: String
        package var bytes: [UInt8]

        package init(ending: String, bytes: [UInt8]) {
            self.ending = ending
            self.bytes = bytes
        }
    }

    package init(
        id: String, attempt: Int = 1, recipient: String, bytes: [UInt8], mediaType: String, fileName: String? = nil,
        subject: String? = nil, address: String? = nil, workflow: String? = nil
    ) {
        self.id = id
        self.attempt = attempt
        self.recipient = recipient
        self.bytes = bytes
        self.mediaType = mediaType
        self.fileName = fileName
        self.subject = subject
        self.address = address
        self.workflow = workflow
    }
}

/// How an attempt ended. `code` is stable and lower-case, `text` is plain words; neither carries personal data or
/// anything that the receiver wrote in its answer.
package enum DeliveryOutcome: Sendable, Hashable {
    /// The receiver's system has it. `reference` is the receiver's, or the delivery's own id where it gave none.
    case delivered(reference: String)
    /// The receiver says that it already had it: counts as delivered.
    case duplicate(reference: String?)
    /// It did not arrive, and a later attempt may succeed. `after` is the receiver's wish, where it stated one.
    case retryable(code: String, text: String, after: Duration?)
    /// The receiver will not take it, however often it is sent. A person must act.
    case rejected(code: String, text: String)
    /// The bytes may or may not have arrived. A repeat under the same id is safe where the channel recognises repeats
    /// (``OutboundChannel/recognisesRepeats``).
    case unknown(code: String, text: String)
}

/// What a store-and-forward receiver has done with a delivery since it took it in.
package enum DeliveryProgress: Sendable, Hashable {
    /// Received by the recipient itself.
    case complete
    /// In the recipient's mailbox, not yet fetched.
    case waiting
    /// The recipient has it, and says that it will not act on it.
    case refused(code: String, text: String)
    /// Will not reach the recipient.
    case failed(code: String, text: String)
    /// The question could not be answered now.
    case unavailable(code: String, text: String)
}

/// What became of taking back a delivery that waits for its receiver.
package enum Withdrawal: Sendable, Hashable {
    /// Nothing can be taken back over this channel.
    case impossible
    /// It is gone, and nothing tells that the receiver had begun to fetch it.
    case removed
    /// The receiver has it, as far as can be told: it says so, or what was delivered lies there no longer.
    case alreadyFetched
    /// It could not be told, or not be done now. Some of it may be gone.
    case unknown(code: String, text: String)
}

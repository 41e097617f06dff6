package import Disclosure
package import Postgres
package import Referral

/// What a recipient is given extracts for: research, evaluation or planning under one heading (partner interfaces,
/// section 16). Within it a person keeps one pseudonym.
package struct ExtractProject: Sendable, Hashable {
    package var recipient: String
    /// 1 to 64 of `[a-z0-9._-]`; the recipient's projects are told apart by it.
    package var id: String
    package var purpose: Purpose
    package var level: Level
    package var groups: Set<FieldGroup>
    /// By which way the files reach the recipient: sent by the hub, or carried from the folder into which it writes them.
    package var channel: ReleaseChannel
    /// Where the recipient's signed undertakings are filed; nil when there are none.
    package var undertakings: String?
    /// Why it cannot be done without identifiable data; nil when nobody says so.
    package var whyIdentifiable: String?
    /// The first and the last day on which an extract may be made.
    package var starts: CalendarDate
    package var ends: CalendarDate
    /// The day by which the recipient has destroyed what it was given.
    package var destroyBy: CalendarDate

    package init(
        recipient: String, id: String, purpose: Purpose, level: Level, groups: Set<FieldGroup>, channel: ReleaseChannel,
        undertakings: String? = nil, whyIdentifiable: String? = nil, starts: CalendarDate, ends: CalendarDate,
        destroyBy: CalendarDate
    ) {
        self.recipient = recipient
        self.id = id
        self.purpose = purpose
        self.level = level
        self.groups = groups
        self.channel = channel
        self.undertakings = undertakings
        self.whyIdentifiable = whyIdentifiable
        self.starts = starts
        self.ends = ends
        self.destroyBy = destroyBy
    }

    /// The facts on which an extract of this project is judged, about one person or, with ``Disclosure/Subject/anybody``,
    /// as a whole. A recipient whose project has not begun or is over counts as suspended.
    ///
    /// - Parameters:
    ///   - isSuspended: Whether the recipient is entered as a partner and disabled.
    ///   - channels: Those that are set up for the recipient; nil where the hub sends nothing and the files are carried.
    ///   - extract: What was computed, once it was.
    ///   - stage: Whether something leaves now, or is asked for and leaves later.
    package func facts(
        about subject: Subject, isSuspended: Bool, channels: Set<ReleaseChannel>? = nil,
        extract: ShareRequestFacts.Extract? = nil, stage: Stage = .send, at: Timestamp
    ) -> DisclosureFacts {
        var asked = ShareRequestFacts(
            recipient: recipient, purpose: purpose.rawValue, level: level.rawValue, groups: groups,
            channel: channel.rawValue)
        let today = LondonTime.clock(Instant(at)).date
        asked.isRecipientSuspended = isSuspended || !(starts...ends).contains(today)
        asked.recipientChannels = channels ?? [channel]
        asked.hasUndertakings = undertakings != nil
        asked.whyIdentifiable = whyIdentifiable
        asked.extract = extract
        return DisclosureFacts(at: Instant(at), stage: stage, subject: subject, request: asked)
    }
}

extension Subject {
    /// Stands for those whom an extract is about when it is judged as a whole: everybody in it was judged alone before, and
    /// nobody is in one for the programme's evaluator who is not in the programme.
    package static var anybody: Subject {
        var subject = Subject()
        subject.careStatus = .careLeaver
        subject.isInDfEProgramme = true
        subject.hasIpsosLinkConsent = true
        return subject
    }
}

package import Referral

/// What came, what was understood of it, and what was shared because of it: of one referral, or of a submission that gave none,
/// or several. In places, names and code words; no value that says something of anybody is in it.
package struct DocumentSheet: Sendable {
    /// Values of the document that are on a page.
    package static let length = 300

    /// Values that stand together, such as those of a segment.
    package struct Group: Sendable {
        package var heading: String
        package var values: [HiddenValue]

        package init(heading: String, values: [HiddenValue]) {
            self.heading = heading
            self.values = values
        }
    }

    /// A part of the page, or why it is not there.
    package enum Section<Content: Sendable>: Sendable {
        case shown(Content)
        /// In a sentence or two.
        case absent(String)
    }

    package struct Received: Sendable {
        /// As `HL7 v2`.
        package var format: String
        package var groups: [Group]
        /// Which values are on this page, and how many there are.
        package var range: Range<Int>
        package var count: Int
        /// Whether there are more than can be shown on any page.
        package var isCut: Bool
        /// Parts of the same document that are about others, and not shown.
        package var others: Int

        package init(
            format: String, groups: [Group], range: Range<Int>, count: Int, isCut: Bool, others: Int
        ) {
            self.format = format
            self.groups = groups
            self.range = range
            self.count = count
            self.isCut = isCut
            self.others = others
        }
    }

    package struct Understood: Sendable {
        package var values: [HiddenValue]
        /// Fields for which nothing was given.
        package var missing: [String]
        package var isCut: Bool

        package init(values: [HiddenValue], missing: [String], isCut: Bool) {
            self.values = values
            self.missing = missing
            self.isCut = isCut
        }
    }

    /// One of several referrals that came in the same submission.
    package struct Sibling: Sendable {
        package var id: String
        /// From 1.
        package var number: Int
        package var type: String

        package init(id: String, number: Int, type: String) {
            self.id = id
            self.number = number
            self.type = type
        }
    }

    /// The referral's id, or the submission's.
    package var id: String
    package var submission: String
    package var referral: String?
    package var received: Section<Received>?
    package var understood: Section<Understood>?
    /// Nil for who may see none.
    package var shares: [ShareReview]?
    /// Whether the page of what left may be opened.
    package var maySeeSent: Bool
    package var siblings: [Sibling]
    /// Where the list of them goes on, as the number of the next, from 0; nil at its end.
    package var more: Int?

    package init(
        id: String, submission: String, referral: String?, received: Section<Received>?,
        understood: Section<Understood>?, shares: [ShareReview]?, maySeeSent: Bool, siblings: [Sibling] = [],
        more: Int? = nil
    ) {
        self.id = id
        self.submission = submission
        self.referral = referral
        self.received = received
        self.understood = understood
        self.shares = shares
        self.maySeeSent = maySeeSent
        self.siblings = siblings
        self.more = more
    }

    /// Which value of the document the page begins with.
    var first: Int {
        if case .shown(let received)? = received { received.range.lowerBound } else { 0 }
    }

    var hasValues: Bool {
        if case .shown(let received)? = received, received.count > 0 { return true }
        if case .shown? = understood { return true }
        return false
    }
}

/// What left for a share, or why nothing did.
package struct SentSheet: Sendable {
    package enum Content: Sendable {
        /// Nothing has left.
        case nothing
        /// Exactly what left, as the fields that it was written from.
        case same([HiddenValue], digest: String, mediaType: String, bytes: Int)
        /// What left cannot be made again.
        case changed(digest: String)
        /// The person was erased.
        case destroyed
    }

    package var share: ShareReview
    /// How often it was sent, whether or not it arrived.
    package var attempts: Int
    package var released: [String]
    package var at: Instant?
    package var content: Content

    package init(share: ShareReview, attempts: Int, released: [String], at: Instant?, content: Content) {
        self.share = share
        self.attempts = attempts
        self.released = released
        self.at = at
        self.content = content
    }
}

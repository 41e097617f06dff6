/// What an entry says happened; the same closed list is the SQL type `ledger.kind`.
package enum LedgerKind: String, CaseIterable, Sendable {
    case submissionReceived = "submission_received"
    case submissionFinished = "submission_finished"
    /// A parent or guardian permits that what a child wrote be worked on.
    case submissionPermitted = "submission_permitted"
    case referralStored = "referral_stored"
    case agreementAdded = "agreement_added"
    case agreementWithdrawn = "agreement_withdrawn"
    case shareRequested = "share_requested"
    /// What was decided about a share; or that an extract about many persons was refused.
    case shareDecided = "share_decided"
    /// A named person let a share go on.
    case shareApproved = "share_approved"
    /// A named person did not let a share go.
    case shareNotApproved = "share_not_approved"
    /// Written before the bytes leave: each attempt has one of its own.
    case release
    /// What became of a release.
    case releaseOutcome = "release_outcome"
    /// What the recipient, or its system, said about a share that had been delivered.
    case shareAcknowledged = "share_acknowledged"
    /// Somebody looked at something personal, or read the ledger itself.
    case view
    /// A data key was made, for a person; or a key of pseudonyms, for a project.
    case keyMade = "key_made"
    /// A node began to serve, with the keys it opens and signs with.
    case keyUsed = "key_used"
    /// A data key was destroyed, and what it sealed is unreadable from then on.
    case keyDestroyed = "key_destroyed"
    /// Another version of the disclosure policy decides from now on.
    case policyChanged = "policy_changed"
    /// The content of an earlier entry was destroyed; only its commitment is left.
    case entryErased = "entry_erased"
    /// Staff set what became of a referral; its sender was told, or not; what came of an attempt to tell it.
    case referralOutcome = "referral_outcome"
    /// What the policy must know of a person was changed: an objection, a restriction, the end of support.
    case circumstancesChanged = "circumstances_changed"
    /// A member of staff decided whether two persons are one, or took that back.
    case matchDecided = "match_decided"
    /// An access card was saved or removed.
    case accessCardChanged = "access_card_changed"
    /// A control room looked, for each person it found; or a look was reviewed.
    case emergencyLook = "emergency_look"
    /// A partner or a credential was added, disabled or revoked; or a project of a recipient was added.
    case partnerChanged = "partner_changed"
    /// An account of staff was added, set up, changed or disabled; somebody signed in or out.
    case staffChanged = "staff_changed"
    /// Somebody paused a queue, or let it go on. What they gave as the reason is not said: it is free text.
    case queueChanged = "queue_changed"
}

/// What a look was at, where it was at more than one thing of somebody's.
package enum LedgerPart: String, Sendable {
    /// Entries as they stand.
    case ledger
    /// What they tell of one id.
    case trace
    /// Persons, by what was typed to find them.
    case search
    /// A list of submissions, taken out of the hub as a file.
    case list
    /// What a document, a referral or a release is made of, with its values hidden.
    case masked
    /// One value of a document as it came.
    case received
    /// One value of a referral as it was understood.
    case understood
    /// One value of what left.
    case sent
}

/// The members an entry may have besides id, time and kind: ids, group names and code words only.
package enum LedgerField: String, CaseIterable, Sendable {
    /// Who acted: a partner's or a member of staff's id, or `hub`.
    case actor
    case submission
    case person
    /// The other person of a match.
    case otherPerson = "other_person"
    case match
    case referral
    case agreement
    case agreementVersion = "agreement_version"
    case scopeLine = "scope_line"
    case share
    case message
    case attempt
    /// A project of a recipient, for which extracts are made.
    case project
    case extract
    /// A look of a control room.
    case look
    /// The keys that pseudonyms were made by, as ids joined by a space.
    case pseudonymKey = "pseudonym_key"
    case partner
    case apiKey = "api_key"
    /// A certificate, by the id under which it is known; or a public key, by its owner's name for it.
    case credential
    /// An account of staff.
    case account
    case queue
    /// When a pause ends by itself.
    case until
    case recipient
    case purpose
    case level
    case channel
    /// Groups asked for, as names joined by a space, in the order of their names.
    case asked
    /// Groups released, in the same form.
    case released
    /// The order, statute or request under which a share was asked for, by the id under which it is kept.
    case authority
    /// In which capacity a person answered; or the roles that were given, joined by a space.
    case role
    /// Who had approved when a decision was taken, as `officer=…`, joined by a space.
    case approvals
    /// The names of what was changed, joined by a space.
    case changed
    /// An id under which a parent's or guardian's permission is kept.
    case permission
    case stage
    case outcome
    case reason
    case state
    case clauses
    case obligations
    case policyVersion = "policy_version"
    /// SHA-256 of the facts that a decision was taken on, in hexadecimal.
    case factsHash = "facts_hash"
    /// SHA-256 of the bytes that were released, in hexadecimal.
    case bytesHash = "bytes_hash"
    /// An entry whose content was erased, and its leaf in hexadecimal.
    case entry
    case leaf
    /// What was looked at, where that is not all of something: a ``LedgerPart``.
    case part
    /// Which value was shown, by its place; names that a sender made up are not in it.
    case field
    /// The ticket or incident under which it was looked at.
    case reference
    /// The id that was looked for.
    case about
    /// The public key by which the ledger's checkpoints are checked, as ``NoteVerifier/text``.
    case ledgerKey = "ledger_key"
    /// The first bytes of the installation's key's own mark, in hexadecimal.
    case installationKey = "installation_key"
}

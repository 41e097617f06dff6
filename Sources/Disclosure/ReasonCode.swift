/// Why a decision is as it is: the closed list of stable names of disclosure policy, sections 6 and 7, in the order in which
/// they are tried.
package enum ReasonCode: String, CaseIterable, Sendable, Hashable {
    // Shape
    case purposeMissing = "purpose_missing"
    case marketingNever = "marketing_never"
    case saleNever = "sale_never"
    case multiplePurposes = "multiple_purposes_split_required"
    case purposeUnknown = "purpose_unknown"
    case levelUnknown = "level_unknown"
    case automatedDecisionNever = "automated_decision_never"
    /// The facts could not be understood, or contradict each other.
    case evaluationError = "evaluation_error"
    // Recipient
    case publicBodyReview = "public_body_review"
    case recipientNotListed = "recipient_not_listed"
    case purposeNotForRecipient = "purpose_not_for_recipient"
    case recipientSuspended = "recipient_suspended"
    // Record
    case recordErased = "record_erased"
    case retentionExpired = "retention_expired"
    // The person
    case dependantScope = "dependant_scope"
    case agreementEndsAtDeath = "agreement_ends_at_death"
    case deceasedReview = "deceased_review"
    case processingRestricted = "processing_restricted"
    case restrictedDPOReview = "restricted_dpo_review"
    case objectionResearch = "objection_research"
    case objectionPlanning = "objection_planning"
    case objectionAll = "objection_all"
    case erasurePending = "erasure_pending"
    // Purposes
    case purposeNotEnabled = "purpose_not_enabled"
    case supportEnded = "support_ended"
    case levelNotForPurpose = "level_not_for_purpose"
    case noAgreement = "no_agreement"
    case agreementNotStarted = "agreement_not_started"
    case agreementRevoked = "agreement_revoked"
    case agreementExpired = "agreement_expired"
    case guardianPermissionMissing = "guardian_permission_missing"
    case signatoryAuthorityMissing = "signatory_authority_missing"
    case recipientWithdrawn = "recipient_withdrawn"
    case purposeNotInAgreement = "purpose_not_in_agreement"
    case agreementCoversDependantsOnly = "agreement_covers_dependants_only"
    case recipientNotInAgreement = "recipient_not_in_agreement"
    case emergencyUnverified = "emergency_unverified"
    case notEmergencyData = "not_emergency_data"
    case nfiMinorsExcluded = "nfi_minors_excluded"
    case channelNotNFI = "channel_not_nfi"
    case legalAuthorityRequired = "legal_authority_required"
    case officerApprovalRequired = "officer_approval_required"
    case planningAnonymisedOnly = "planning_anonymised_only"
    case notInProgramme = "not_in_programme"
    case ipsosNeverIdentifiable = "ipsos_never_identifiable"
    case researchUseBan = "research_use_ban"
    case researchUndertakingMissing = "research_undertaking_missing"
    case channelNotEncryptedEmail = "channel_not_encrypted_email"
    case igApprovalRequired = "ig_approval_required"
    case identityNotVerified = "identity_not_verified"
    case noPreviousDisclosure = "no_previous_disclosure"
    // Channel
    case channelInsecure = "channel_insecure"
    case channelNotConfigured = "channel_not_configured"
    // Level of an extract
    case cohortTooSmall = "cohort_too_small"
    case differencingRefused = "differencing_refused"
    case kTooSmall = "k_too_small"
    // Fields
    case noPermittedFields = "no_permitted_fields"
    case lowestLevelFirst = "lowest_level_first"
    case linkConsentMissing = "link_consent_missing"
    case fieldsWithheld = "fields_withheld"
    case permitted
}

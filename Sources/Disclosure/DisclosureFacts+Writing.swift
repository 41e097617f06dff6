package import Referral

extension DisclosureFacts {
    /// The facts in the form of a case (disclosure policy, section 15), as they are stored with a decision: reading them again
    /// with ``read(_:)`` gives equal facts, and so the same decision. What is absent, or no, is left out.
    package var value: Value {
        var object: Object = ["at": .string(at.rfc3339), "stage": .string(stage.rawValue)]
        object["queued_at"] = queuedAt.map(text)
        object["decision_use"] = decisionUse.map(text)
        object["subject"] = subject.value
        object["agreements"] = .array(agreements.map(\.value))
        object["request"] = request.value
        object["unreadable"] = unreadable.isEmpty ? nil : .array(unreadable.map(Value.string))
        return .object(object)
    }
}

extension Subject {
    fileprivate var value: Value {
        var object: Object = ["relation": text(relation)]
        object["age"] = age.map { .number(String($0)) }
        object["lives_with_client"] = flag(livesWithClient)
        object["care_status"] = careStatus.map(text)
        object["dfe_programme"] = flag(isInDfEProgramme)
        object["ipsos_link_consent"] = flag(hasIpsosLinkConsent)
        object["support_ended_on"] = supportEndedOn.map(text)
        object["retention_until"] = retentionUntil.map(text)
        object["legal_hold"] = flag(hasLegalHold)
        object["restricted_on"] = restrictedOn.map(text)
        object["objections"] = objections.isEmpty ? nil : list(objections)
        object["erasure"] = erasure.map(text)
        object["deceased_on"] = deceasedOn.map(text)
        return .object(object)
    }
}

extension Agreement {
    fileprivate var value: Value {
        var object: Object = ["id": .string(id), "version": .number(String(version)), "signed_on": text(signedOn)]
        object["signed_by"] = signedBy.map(text)
        object["authority_evidence"] = authorityEvidence.map(Value.string)
        object["guardian_permission"] = flag(hasGuardianPermission)
        object["starts"] = starts.map(text)
        object["expires"] = expires.map(text)
        object["revoked_at"] = revokedAt.map(text)
        object["supplements"] = supplements.map(Value.string)
        object["scope"] = .array(scope.map(\.value))
        return .object(object)
    }
}

extension Agreement.ScopeLine {
    fileprivate var value: Value {
        var object: Object = ["recipient": .string(recipient), "purposes": list(purposes), "about": text(about)]
        object["groups"] = groups.map(list)
        object["withdrawn_at"] = withdrawnAt.map(text)
        return .object(object)
    }
}

extension ShareRequestFacts {
    fileprivate var value: Value {
        var object: Object = [
            "recipient": .string(recipient), "purposes": .array(purposes.map(Value.string)), "level": .string(level),
            "groups": list(groups),
        ]
        object["channel"] = channel.map(Value.string)
        object["recipient_channels"] = recipientChannels.map(list)
        object["recipient_suspended"] = flag(isRecipientSuspended)
        object["contract"] = contract.map { contract in
            var period: Object = ["from": text(contract.from)]
            period["until"] = contract.until.map(text)
            return .object(period)
        }
        object["incident_ref"] = incidentReference.map(Value.string)
        object["live"] = flag(isLive)
        object["call_back_verified"] = flag(isCallBackVerified)
        object["authority_ref"] = authorityReference.map(Value.string)
        object["officer_approval"] = officerApproval.map(Value.string)
        object["dpo_approval"] = dpoApproval.map(Value.string)
        object["second_approval"] = secondApproval.map(Value.string)
        object["ordered_groups"] = orderedGroups.isEmpty ? nil : list(orderedGroups)
        object["public_body"] = flag(isPublicBody)
        object["research_authorised"] = flag(isResearchAuthorised)
        object["undertakings"] = flag(hasUndertakings)
        object["why_identifiable"] = whyIdentifiable.map(Value.string)
        object["ig_approval"] = igApproval.map(Value.string)
        object["intended_use"] = intendedUse.map(Value.string)
        object["identity_verified"] = flag(isIdentityVerified)
        object["previously_disclosed"] = previouslyDisclosed.isEmpty ? nil : list(previouslyDisclosed)
        object["extract"] = extract.map { extract in
            var counts: Object = ["cohort": .number(String(extract.cohort))]
            counts["smallest_difference"] = extract.smallestDifference.map { .number(String($0)) }
            counts["k"] = extract.k.map { .number(String($0)) }
            return .object(counts)
        }
        return .object(object)
    }
}

private func flag(_ flag: Bool) -> Value? { flag ? true : nil }

private func text(_ moment: Instant) -> Value { .string(moment.rfc3339) }

private func text(_ word: some RawRepresentable<String>) -> Value { .string(word.rawValue) }

/// Words in alphabetical order, so that equal facts are written in the same way.
private func list<Word: RawRepresentable<String>>(_ words: Set<Word>) -> Value {
    .array(words.map(\.rawValue).sorted().map(Value.string))
}

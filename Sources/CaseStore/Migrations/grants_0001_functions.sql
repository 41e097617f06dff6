-- What each function of the hub may do with the tables that were there when its role was made. A later table is granted by
-- the migration that makes it. The test of the rights table says the same a second time, for each role, table and right.

-- No function makes an object, not even a table that goes with its session.
DO $$
BEGIN
    EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
EXCEPTION
    WHEN insufficient_privilege THEN NULL;
END
$$;

GRANT USAGE ON SCHEMA record, ledger, queue TO
    hub_ingest, hub_worker, hub_emergency, hub_console, hub_audit, hub_retention;
GRANT USAGE ON SCHEMA access TO hub_emergency, hub_console;

-- The ledger: each function adds what it did. What it says is read where a step needs it.
GRANT INSERT ON ledger.entry TO hub_ingest, hub_worker, hub_emergency, hub_console, hub_audit, hub_retention;
GRANT SELECT ON ledger.entry TO hub_worker, hub_audit;
GRANT SELECT ON ledger.pending, ledger.position TO hub_audit;
GRANT SELECT, INSERT ON ledger.checkpoint TO hub_audit;
GRANT EXECUTE ON FUNCTION ledger.sequence TO hub_audit;

-- Queues. Whoever enqueues needs no more of a message than its place.
GRANT USAGE ON SEQUENCE queue.position TO hub_ingest, hub_worker, hub_emergency, hub_console, hub_retention;
GRANT SELECT ON queue.era, queue.queue TO
    hub_ingest, hub_worker, hub_emergency, hub_console, hub_audit, hub_retention;
GRANT INSERT (name) ON queue.queue TO hub_ingest, hub_worker, hub_emergency, hub_console;
GRANT INSERT ON queue.message, queue.state TO hub_ingest, hub_worker, hub_emergency, hub_console;
GRANT SELECT (id, era, queue, priority, key, not_before) ON queue.message TO hub_ingest, hub_emergency;
GRANT SELECT (id, position, key_hash) ON queue.state TO hub_ingest, hub_emergency;
GRANT SELECT, INSERT ON queue.node TO hub_worker;
GRANT SELECT ON queue.message TO hub_worker;
GRANT SELECT, UPDATE, DELETE ON queue.state TO hub_worker;
GRANT SELECT, INSERT ON queue.history, queue.dead_letter TO hub_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON queue.gate TO hub_worker;
GRANT SELECT, INSERT, UPDATE ON queue.policy TO hub_worker;
-- Staff take back what waits, and bring back what died.
GRANT SELECT ON queue.message TO hub_console;
GRANT SELECT, UPDATE, DELETE ON queue.state TO hub_console;
GRANT SELECT, INSERT ON queue.history TO hub_console;
GRANT SELECT, DELETE ON queue.dead_letter TO hub_console;
GRANT SELECT ON queue.node, queue.message, queue.state, queue.history, queue.dead_letter, queue.gate, queue.policy
TO hub_audit;
-- What is still alive in an era is carried over before the era is dropped.
GRANT EXECUTE ON FUNCTION queue.open_era(), queue.drop_era(smallint) TO hub_retention;
GRANT SELECT, INSERT, DELETE ON queue.message TO hub_retention;
GRANT SELECT, UPDATE (era) ON queue.state, queue.dead_letter TO hub_retention;

-- Before the answer. No right to read a document: what was stored is read behind the queue.
GRANT SELECT ON record.partner, record.api_key, record.client_certificate, record.client_key TO hub_ingest;
GRANT INSERT ON record.used_assertion TO hub_ingest;
GRANT SELECT, INSERT ON record.submission_id, record.submission TO hub_ingest;
GRANT INSERT ON record.document TO hub_ingest;
GRANT SELECT (file, sender, name_index, digest_index) ON record.attachment_file TO hub_ingest;
GRANT INSERT, SELECT (id) ON record.work_item TO hub_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON record.mail_answer TO hub_ingest;

-- Behind the queue.
GRANT SELECT ON
    record.partner, record.submission, record.document, record.person, record.person_key, record.person_identifier,
    record.case_file, record.referral, record.referral_outcome, record.agreement, record.agreement_scope, record.share,
    record.share_attempt, record.share_approval, record.work_item, record.awaiting, record.match_key,
    record.match, record.dropped_file, record.attachment_file, record.acknowledgement, record.portal_document,
    record.extract_project, record.extract, record.extract_population, record.extract_sending
TO hub_worker;
GRANT UPDATE (state, finished_at, findings) ON record.submission TO hub_worker;
GRANT UPDATE (destroy_at) ON record.document TO hub_worker;
GRANT INSERT ON
    record.person, record.person_key, record.person_identifier, record.case_file, record.referral, record.match_key,
    record.match, record.awaiting, record.dropped_file, record.attachment_file, record.share, record.share_attempt,
    record.decision, record.acknowledgement, record.portal_document, record.extract_entry, record.work_item
TO hub_worker;
GRANT UPDATE (profile_at, nhs_index, dob_index, sealed_profile, sealed_fingerprint) ON record.person TO hub_worker;
GRANT UPDATE (is_verified) ON record.person_identifier TO hub_worker;
GRANT UPDATE ON
    record.case_file, record.referral, record.referral_outcome, record.share, record.share_attempt, record.work_item,
    record.dropped_file, record.attachment_file, record.acknowledgement, record.portal_document, record.extract_sending
TO hub_worker;
GRANT DELETE ON record.awaiting, record.dropped_file, record.attachment_file TO hub_worker;
-- To hold an agreement FOR SHARE takes the right to update some column of it; this one permits and forbids nothing.
GRANT UPDATE (witness) ON record.agreement TO hub_worker;

-- Staff. No right to read a partner's credential, and none to change what a person is known by.
GRANT SELECT ON
    record.partner, record.submission, record.document, record.person, record.person_key, record.person_identifier,
    record.case_file, record.referral, record.referral_outcome, record.agreement, record.agreement_scope, record.share,
    record.share_attempt, record.share_approval, record.decision, record.work_item, record.request,
    record.match, record.match_decision, record.attachment_file, record.acknowledgement, record.portal_document,
    record.extract_project, record.pseudonym_key, record.extract, record.extract_population, record.extract_sending,
    access.card, access.look, access.looked_at
TO hub_console;
GRANT INSERT ON
    record.agreement, record.agreement_scope, record.share, record.share_approval, record.decision, record.work_item,
    record.request, record.match_decision, record.referral_outcome, record.acknowledgement, record.extract_project,
    record.pseudonym_key, record.extract, record.extract_population, record.extract_sending, record.extract_entry,
    access.card
TO hub_console;
GRANT UPDATE (
    support_ended_at, retention_until, restricted_at, deceased_at, erasure, care_status, has_legal_hold,
    is_in_dfe_programme, has_ipsos_link_consent, objections, merged_into, merged_at
) ON record.person TO hub_console;
GRANT UPDATE (state, finished_at) ON record.submission TO hub_console;
GRANT UPDATE (destroy_at) ON record.document TO hub_console;
GRANT UPDATE (state, ended_at, ending_code) ON record.case_file TO hub_console;
GRANT UPDATE (revoked_at) ON record.agreement TO hub_console;
GRANT UPDATE (withdrawn_at) ON record.agreement_scope TO hub_console;
GRANT UPDATE (state, decided_at) ON record.match TO hub_console;
GRANT UPDATE ON
    record.share, record.share_attempt, record.referral_outcome, record.work_item, record.acknowledgement,
    record.portal_document, record.extract_sending, access.card
TO hub_console;
GRANT UPDATE (reviewed_at, reviewed_by, sealed_note) ON access.look TO hub_console;

-- Figures, traces and checks: nothing that is sealed, no key.
GRANT SELECT ON
    record.partner, record.submission, record.case_file, record.share, record.share_attempt, record.work_item,
    record.awaiting, record.dropped_file, record.attachment_file, record.extract_project, record.extract,
    record.extract_entry
TO hub_audit;
GRANT SELECT (id) ON record.person TO hub_audit;
GRANT SELECT (id, submission) ON record.referral TO hub_audit;
GRANT SELECT (state) ON record.match TO hub_audit;
GRANT SELECT (prefix, partner, expires_at, revoked_at, is_low_risk) ON record.api_key TO hub_audit;
GRANT SELECT (partner, expires_at, revoked_at) ON record.client_certificate, record.client_key TO hub_audit;

-- What has had its time. A document or a key is found by its day or its id, never opened.
GRANT SELECT (receipt, destroy_at), UPDATE (destroy_at), DELETE ON record.document TO hub_retention;
GRANT SELECT (person, made_at), DELETE ON record.person_key TO hub_retention;
GRANT SELECT, UPDATE (state, done_at, done_by) ON record.work_item TO hub_retention;
GRANT SELECT, DELETE ON record.used_assertion, record.request, record.mail_answer TO hub_retention;

-- Control rooms. What a card tells of its person comes by the functions below, of persons alone who have a card.
GRANT SELECT ON record.partner, record.client_certificate, record.client_key TO hub_emergency;
GRANT SELECT ON access.card TO hub_emergency;
GRANT INSERT ON access.look, access.looked_at TO hub_emergency;
GRANT SELECT (id, at, kind, outcome, caller, incident_index) ON access.look TO hub_emergency;
GRANT SELECT (look, person) ON access.looked_at TO hub_emergency;
GRANT INSERT, SELECT (kind, state, partner) ON record.work_item TO hub_emergency;

-- These tell ids alone, and by the rights of the owner, so that who may follow an id need not read persons.
ALTER FUNCTION record.survivor(uuid) SECURITY DEFINER;
ALTER FUNCTION record.members(uuid) SECURITY DEFINER;
REVOKE EXECUTE ON FUNCTION record.survivor(uuid), record.members(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.survivor(uuid), record.members(uuid) TO
    hub_app, hub_worker, hub_emergency, hub_console;
-- Whoever changes a person has the card noted as changed, without a right in it.
ALTER FUNCTION access.follow_profile() SECURITY DEFINER;
ALTER FUNCTION access.follow_circumstances() SECURITY DEFINER;
ALTER FUNCTION access.follow_key() SECURITY DEFINER;

-- The cards that are told, of these persons: of each the one that was saved last, with the key that opens it.
CREATE FUNCTION access.told_cards(survivors uuid[])
    RETURNS TABLE (survivor uuid, person uuid, sealed bytea, wrapped_key bytea)
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
    SELECT asked.survivor, card.person, card.sealed, person_key.wrapped_key
    FROM unnest(survivors) AS asked (survivor)
    CROSS JOIN LATERAL (
        SELECT card.person, card.sealed
        FROM access.card
        WHERE card.person IN (SELECT record.members(asked.survivor)) AND NOT card.is_removed
        ORDER BY card.saved_at DESC, card.person
        LIMIT 1
    ) AS card
    JOIN record.person_key ON person_key.person = card.person
$$;

-- What a card tells of these persons beside itself, and by what it is judged whether it may.
CREATE FUNCTION access.told_persons(survivors uuid[])
    RETURNS TABLE (
        id uuid, support_ended_at timestamptz, retention_until timestamptz, restricted_at timestamptz,
        deceased_at timestamptz, erasure record.erasure, care_status record.care_status, has_legal_hold boolean,
        is_in_dfe_programme boolean, has_ipsos_link_consent boolean, objections text[], sealed_profile bytea,
        wrapped_key bytea, merged_into uuid
    )
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
    SELECT
        person.id, person.support_ended_at, person.retention_until, person.restricted_at, person.deceased_at,
        person.erasure, person.care_status, person.has_legal_hold, person.is_in_dfe_programme,
        person.has_ipsos_link_consent, person.objections, person.sealed_profile, person_key.wrapped_key,
        person.merged_into
    FROM record.person LEFT JOIN record.person_key ON person_key.person = person.id
    WHERE person.id = ANY (survivors)
        AND EXISTS (
            SELECT
            FROM access.card
            WHERE card.person IN (SELECT record.members(person.id)) AND NOT card.is_removed
        )
    ORDER BY person.id
$$;

-- What forbids something to those who were found to be these persons.
CREATE FUNCTION access.told_circumstances(survivors uuid[])
    RETURNS TABLE (
        survivor uuid, restricted_at timestamptz, deceased_at timestamptz, erasure record.erasure, has_legal_hold boolean,
        objections text[]
    )
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
    SELECT
        asked.survivor, person.restricted_at, person.deceased_at, person.erasure, person.has_legal_hold,
        person.objections
    FROM unnest(survivors) AS asked (survivor)
    CROSS JOIN LATERAL record.members(asked.survivor) AS member (id)
    JOIN record.person ON person.id = member.id
    WHERE member.id <> asked.survivor
    ORDER BY person.id
$$;

REVOKE EXECUTE ON FUNCTION
    access.told_cards(uuid[]), access.told_persons(uuid[]), access.told_circumstances(uuid[])
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    access.told_cards(uuid[]), access.told_persons(uuid[]), access.told_circumstances(uuid[])
TO hub_app, hub_emergency;

-- Before the answer a transaction sees submissions of those senders alone whom it names in hub.partners (an array, as text),
-- and stores no others. Unset it is null, and after a transaction that set it empty: then it sees none. The comparison
-- is leakproof, so that conditions on ids still go by the index.
ALTER TABLE record.submission_id ENABLE ROW LEVEL SECURITY;
ALTER TABLE record.submission ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_partners ON record.submission_id TO hub_ingest
    USING (sender = ANY (nullif(current_setting('hub.partners', true), '')::text[]));
CREATE POLICY own_partners ON record.submission TO hub_ingest
    USING (sender = ANY (nullif(current_setting('hub.partners', true), '')::text[]));
CREATE POLICY all_partners ON record.submission_id TO hub_app USING (true);
CREATE POLICY all_partners ON record.submission TO hub_app, hub_worker, hub_console, hub_audit USING (true);

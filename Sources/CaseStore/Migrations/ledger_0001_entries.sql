CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO hub_app;

CREATE TYPE ledger.kind AS ENUM (
    'submission_received', 'submission_finished', 'referral_stored', 'agreement_added', 'agreement_withdrawn',
    'share_requested', 'share_decided', 'release', 'release_outcome', 'view', 'key_made', 'key_destroyed',
    'partner_changed', 'submission_permitted', 'match_decided', 'key_used', 'policy_changed', 'entry_erased'
);

-- The log of what was decided, released, refused, viewed or made. The truth of an entry is in its canonical bytes; the
-- ids beside them are for finding it. The checks are the formulas by which anybody verifies it.
CREATE TABLE ledger.entry (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    kind ledger.kind NOT NULL,
    submission uuid,
    referral uuid,
    person uuid,
    agreement uuid,
    share uuid,
    commitment bytea NOT NULL CHECK (octet_length(commitment) = 32),
    leaf bytea NOT NULL CHECK (leaf = sha256('\x00'::bytea || commitment)),
    salt bytea CHECK (octet_length(salt) = 32),
    bytes bytea,
    CONSTRAINT erased_whole CHECK ((salt IS NULL) = (bytes IS NULL)),
    CONSTRAINT commitment_holds CHECK (commitment = sha256(salt || bytes))
);
CREATE INDEX entry_submission ON ledger.entry (submission) WHERE submission IS NOT NULL;
CREATE INDEX entry_referral ON ledger.entry (referral) WHERE referral IS NOT NULL;
CREATE INDEX entry_person ON ledger.entry (person) WHERE person IS NOT NULL;
CREATE INDEX entry_agreement ON ledger.entry (agreement) WHERE agreement IS NOT NULL;
CREATE INDEX entry_share ON ledger.entry (share) WHERE share IS NOT NULL;
-- Which policy is in force: read at each start.
CREATE INDEX entry_policy ON ledger.entry (at) WHERE kind = 'policy_changed';

-- Refuses every change, also for the owner, who is protected here from mistakes; what an owner does on purpose is seen
-- by verification against the checkpoint file.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    RAISE EXCEPTION '% of ledger.% refused: it only grows', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

-- The one change there is: ledger.erase, by the owner, destroys bytes and salt and with them all that the entry says,
-- and leaves what the tree rests on.
CREATE FUNCTION ledger.refuse_unless_erasing() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    IF current_setting('ledger.erasing', true) = 'on'
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
        AND (NEW.id, NEW.at, NEW.kind, NEW.commitment, NEW.leaf) = (OLD.id, OLD.at, OLD.kind, OLD.commitment, OLD.leaf)
        AND num_nonnulls(
            NEW.submission, NEW.referral, NEW.person, NEW.agreement, NEW.share, NEW.salt, NEW.bytes
        ) = 0
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'UPDATE of ledger.entry refused: it only grows' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER entry_only_grows BEFORE DELETE OR TRUNCATE ON ledger.entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER entry_changes_only_by_erasure BEFORE UPDATE ON ledger.entry
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_unless_erasing();

-- Each erasure is an entry of its own, in the canonical form of every other: an entry that is empty without one has been
-- tampered with. The salt is made of three random UUIDs, 122 random bits each.
CREATE FUNCTION ledger.erase(entries uuid[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
DECLARE
    erased bigint;
BEGIN
    -- Not as a SET clause of the function: only a superuser may make one of a setting that no module knows.
    PERFORM set_config('ledger.erasing', 'on', true);
    WITH emptied AS (
        UPDATE ledger.entry
        SET submission = NULL, referral = NULL, person = NULL, agreement = NULL, share = NULL, salt = NULL, bytes = NULL
        WHERE id = ANY (entries) AND bytes IS NOT NULL
        RETURNING id, leaf
    ), said AS (
        SELECT
            gen_random_uuid() AS id, clock_timestamp() AS at, emptied.id AS entry, emptied.leaf,
            sha256(
                uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
            ) AS salt
        FROM emptied
    ), written AS (
        SELECT
            id, at, salt,
            convert_to(
                format(
                    '{"actor":"owner","at":"%s","entry":"%s","id":"%s","kind":"entry_erased","leaf":"%s"}',
                    (extract(epoch FROM at) * 1000000)::bigint, entry, id, encode(leaf, 'hex')
                ),
                'UTF8'
            ) AS bytes
        FROM said
    )
    INSERT INTO ledger.entry (id, at, kind, commitment, leaf, salt, bytes)
    SELECT
        id, at, 'entry_erased', sha256(salt || bytes), sha256('\x00'::bytea || sha256(salt || bytes)), salt, bytes
    FROM written;
    GET DIAGNOSTICS erased = ROW_COUNT;
    PERFORM set_config('ledger.erasing', 'off', true);
    RETURN erased;
END
$$;
REVOKE EXECUTE ON FUNCTION ledger.erase FROM PUBLIC;

GRANT SELECT, INSERT ON ledger.entry TO hub_app;

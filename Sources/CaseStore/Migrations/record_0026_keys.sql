-- Which keys of the key file wrap data keys: by their marks, in hexadecimal. The keys themselves never come here. Empty until
-- the key is changed for the first time; the one of the file wraps until then.
CREATE TABLE record.wrapping_key (
    mark text PRIMARY KEY CHECK (mark ~ '^[0-9a-f]{8}$'),
    added_at timestamptz NOT NULL,
    -- When all nodes began to wrap by it; nothing while they are still to be given it.
    current_since timestamptz,
    retired_at timestamptz,
    is_current boolean NOT NULL DEFAULT false,
    CONSTRAINT current_has_time CHECK (NOT is_current OR current_since IS NOT NULL AND retired_at IS NULL)
);
CREATE UNIQUE INDEX wrapping_key_current ON record.wrapping_key (is_current) WHERE is_current;

-- The running processes and the keys they have, so that a key is not used before everybody can open what it wraps, and not
-- retired while somebody needs it. What a process that is gone still holds on its disk stays here.
CREATE TABLE record.key_process (
    id uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL,
    node text NOT NULL,
    -- By which it wraps, and all that it has.
    mark text NOT NULL,
    marks text[] NOT NULL,
    -- By which the node's own files are wrapped: the journal and the snapshot of looks, at this path.
    held text[] NOT NULL DEFAULT '{}',
    path text
);
CREATE UNIQUE INDEX key_process_path ON record.key_process (node, path) WHERE path IS NOT NULL;

-- Nothing is stored that opens by nobody: a process that has not heard that its key was retired fails, and begins again.
CREATE FUNCTION record.refuse_retired_key() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    IF EXISTS (
        SELECT
        FROM stored
            JOIN record.wrapping_key ON wrapping_key.mark = encode(substring(stored.wrapped_key FROM 2 FOR 4), 'hex')
        WHERE wrapping_key.retired_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a data key for %.% is wrapped by a retired key', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER person_key_opens AFTER INSERT ON record.person_key
    REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_retired_key();
CREATE TRIGGER document_opens AFTER INSERT ON record.document
    REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_retired_key();
CREATE TRIGGER pseudonym_key_opens AFTER INSERT ON record.pseudonym_key
    REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_retired_key();
CREATE TRIGGER extract_population_opens AFTER INSERT ON record.extract_population
    REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_retired_key();
CREATE TRIGGER extract_sending_opens AFTER INSERT ON record.extract_sending
    REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_retired_key();

-- When the person's key was destroyed: from then on the key store's backups are counted in which it still stands.
ALTER TABLE record.person
    ADD COLUMN erased_at timestamptz,
    ADD CONSTRAINT erased_when_done CHECK (erased_at IS NULL OR erasure = 'done');
CREATE INDEX person_erased ON record.person (erased_at) WHERE erased_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON record.wrapping_key TO hub_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON record.key_process TO hub_app, hub_worker, hub_emergency;
-- Whoever stores a data key is asked by the triggers above.
GRANT SELECT ON record.wrapping_key TO
    hub_ingest, hub_worker, hub_emergency, hub_console, hub_audit, hub_retention;
-- The key store's backups: data keys as they are wrapped, and nothing that they seal.
GRANT SELECT (id, erased_at) ON record.person TO hub_retention;
GRANT SELECT (person, wrapped_key) ON record.person_key TO hub_retention;
GRANT SELECT (receipt, wrapped_key) ON record.document TO hub_retention;
GRANT SELECT (id, wrapped_key) ON record.pseudonym_key TO hub_retention;
GRANT SELECT (extract, wrapped_key) ON record.extract_population, record.extract_sending TO hub_retention;
-- Wrapping anew changes the wrapped form and nothing of what is sealed.
GRANT UPDATE (wrapped_key) ON record.document, record.person_key, record.pseudonym_key, record.extract_population
    TO hub_app;
-- By what an erased person was found, and what is about them under somebody else's key.
GRANT DELETE ON record.person_identifier, record.match_key TO hub_app;
GRANT UPDATE (sealed_reason) ON record.match_decision TO hub_app;

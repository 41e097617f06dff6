CREATE SCHEMA access;
GRANT USAGE ON SCHEMA access TO hub_app;

-- How to get to a person behind a door: one card for a person, sealed with the person's key. Nodes that answer control
-- rooms keep all of them in memory, and read those again that were changed since.
CREATE TABLE access.card (
    person uuid PRIMARY KEY REFERENCES record.person,
    saved_at timestamptz NOT NULL,
    -- The transaction that last changed the card or what is told with it. All below the oldest that is still running can be
    -- seen, so whoever remembers that number misses none.
    changed_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    version integer NOT NULL,
    verified_on date NOT NULL,
    valid_until date NOT NULL,
    is_removed boolean NOT NULL DEFAULT false,
    saved_by text NOT NULL,
    sealed bytea NOT NULL
);
ALTER TABLE access.card ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX card_changed ON access.card (changed_in);
CREATE INDEX card_valid ON access.card (valid_until) WHERE NOT is_removed;

GRANT SELECT, INSERT, UPDATE ON access.card TO hub_app;

-- A card tells the person's name and number too, and may be told only as the person's circumstances allow. Of somebody who was
-- found to be another it tells what is known of that one.
CREATE FUNCTION access.follow_profile() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    UPDATE access.card
    SET changed_in = pg_current_xact_id()
    WHERE person = NEW.id OR person IN (SELECT id FROM record.person WHERE merged_into = NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER card_follows_profile AFTER UPDATE OF sealed_profile ON record.person
    FOR EACH ROW EXECUTE FUNCTION access.follow_profile();

-- What is entered of one holds for all who were found to be the same person.
CREATE FUNCTION access.follow_circumstances() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    UPDATE access.card
    SET changed_in = pg_current_xact_id()
    WHERE person = NEW.id
        OR person IN (SELECT record.members(record.survivor(NEW.id)))
        OR person IN (SELECT record.members(record.survivor(OLD.merged_into)));
    RETURN NULL;
END
$$;
CREATE TRIGGER card_follows_circumstances
    AFTER UPDATE OF retention_until, restricted_at, deceased_at, erasure, has_legal_hold, merged_into ON record.person
    FOR EACH ROW
    WHEN (
        (OLD.retention_until, OLD.restricted_at, OLD.deceased_at, OLD.erasure, OLD.has_legal_hold, OLD.merged_into)
        IS DISTINCT FROM
        (NEW.retention_until, NEW.restricted_at, NEW.deceased_at, NEW.erasure, NEW.has_legal_hold, NEW.merged_into)
    )
    EXECUTE FUNCTION access.follow_circumstances();

CREATE FUNCTION access.follow_key() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    UPDATE access.card SET changed_in = pg_current_xact_id() WHERE person = OLD.person;
    RETURN NULL;
END
$$;
CREATE TRIGGER card_follows_key AFTER DELETE ON record.person_key
    FOR EACH ROW EXECUTE FUNCTION access.follow_key();

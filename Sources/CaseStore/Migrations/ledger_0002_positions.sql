-- Entries that have no position yet. Filled by a trigger, so that none can be left out; emptied by ledger.sequence().
CREATE TABLE ledger.pending (
    entry uuid NOT NULL
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE FUNCTION ledger.await_position() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
BEGIN
    INSERT INTO ledger.pending (entry)
    SELECT id FROM added;
    RETURN NULL;
END
$$;
CREATE TRIGGER entry_awaits_position AFTER INSERT ON ledger.entry
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.await_position();

-- The order of the tree's leaves: gapless from 0, in the order in which the sequencer saw the entries committed.
-- An entry cannot have it at once: who takes a number first may commit last.
CREATE TABLE ledger.position (
    sequence bigint PRIMARY KEY CHECK (sequence >= 0),
    entry uuid NOT NULL UNIQUE
);

-- The tree's size and root at a time, with the roots of its complete subtrees, from which the next is computed.
CREATE TABLE ledger.checkpoint (
    size bigint PRIMARY KEY CHECK (size > 0),
    at timestamptz NOT NULL,
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    peaks bytea[] NOT NULL
);

CREATE TRIGGER position_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.position
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER checkpoint_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- Gives the next positions to all entries committed since the last call, and returns their number. One at a time: the
-- statement after the lock sees what the holder before committed (read committed).
CREATE FUNCTION ledger.sequence() RETURNS bigint
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
DECLARE
    sequenced bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger.sequence'));
    WITH taken AS (
        DELETE FROM ledger.pending
        RETURNING entry
    )
    INSERT INTO ledger.position (sequence, entry)
    SELECT
        (SELECT coalesce(max(sequence), -1) FROM ledger.position) + row_number() OVER (ORDER BY entry),
        entry
    FROM taken;
    GET DIAGNOSTICS sequenced = ROW_COUNT;
    RETURN sequenced;
END
$$;
REVOKE EXECUTE ON FUNCTION ledger.sequence FROM PUBLIC;

GRANT EXECUTE ON FUNCTION ledger.sequence TO hub_app;
GRANT SELECT ON ledger.pending, ledger.position TO hub_app;
GRANT SELECT, INSERT ON ledger.checkpoint TO hub_app;

-- Of a look about somebody who was erased since, what was asked is destroyed; that there was one stays.
ALTER TABLE access.look ALTER COLUMN wrapped_key DROP NOT NULL;
ALTER TABLE access.look ALTER COLUMN sealed DROP NOT NULL;
ALTER TABLE access.look ADD CONSTRAINT sealed_with_key CHECK (
    num_nonnulls(wrapped_key, sealed) IN (0, 2) AND (sealed_note IS NULL OR wrapped_key IS NOT NULL)
);

-- Of looks that are reviewed after the erasure, retention destroys it.
GRANT USAGE ON SCHEMA access TO hub_retention;
GRANT SELECT (id, reviewed_at, wrapped_key), UPDATE (wrapped_key, sealed, sealed_note) ON access.look TO hub_retention;
GRANT SELECT (look, person) ON access.looked_at TO hub_retention;

CREATE TRIGGER look_opens AFTER INSERT ON access.look
    REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_retired_key();

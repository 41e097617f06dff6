-- Of a look about somebody who was erased since, what was asked is destroyed; that there was one stays.
ALTER TABLE access.look ALTER COLUMN wrapped_key DROP NOT NULL;
ALTER TABLE access.look ALTER COLUMN sealed DROP NOT NULL;
ALTER TABLE access.look ADD CONSTRAINT sealed_with_key CHECK (
    num_nonnulls(wrapped_key, sealed) IN (0, 2) AND (sealed_note IS NULL OR wrapped_key IS NOT NULL)
);

CREATE TRIGGER look_opens AFTER INSERT ON access.look
    REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_retired_key();

-- The wrapped data key of each document, in a table of its own as those of persons are, so that it can be backed up apart from the
-- data: otherwise whoever has a backup of the data has the key with the document that it opens. It goes with its document.
CREATE TABLE record.document_key (
    receipt uuid PRIMARY KEY REFERENCES record.document ON DELETE CASCADE,
    wrapped_key bytea NOT NULL
);
INSERT INTO record.document_key (receipt, wrapped_key) SELECT receipt, wrapped_key FROM record.document;
DROP TRIGGER document_opens ON record.document;
ALTER TABLE record.document DROP COLUMN wrapped_key;
CREATE TRIGGER document_key_opens AFTER INSERT ON record.document_key
    REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_retired_key();

GRANT SELECT, INSERT, UPDATE (wrapped_key) ON record.document_key TO hub_app;
GRANT INSERT ON record.document_key TO hub_ingest;
GRANT SELECT ON record.document_key TO hub_worker, hub_console, hub_retention;

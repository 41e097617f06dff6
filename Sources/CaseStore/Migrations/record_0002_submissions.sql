-- Every id that a sender ever gave to a submission, by keyed hash. It stays when documents and submissions go, so that
-- the same message is recognised for ever; it is narrow for that reason, and refers to nothing.
CREATE TABLE record.submission_id (
    receipt uuid NOT NULL,
    sender text NOT NULL,
    id_hash bytea NOT NULL CHECK (octet_length(id_hash) = 16),
    bytes_hash bytea NOT NULL CHECK (octet_length(bytes_hash) = 32),
    PRIMARY KEY (sender, id_hash)
);

CREATE TYPE record.submission_state AS ENUM (
    'received', 'quarantined', 'held', 'accepted', 'incomplete', 'rejected'
);

-- One document that arrived, and what became of it. Findings are codes, paths and texts that quote nothing.
CREATE TABLE record.submission (
    receipt uuid PRIMARY KEY,
    received_at timestamptz NOT NULL,
    finished_at timestamptz,
    correlation uuid,
    size integer NOT NULL CHECK (size >= 0),
    state record.submission_state NOT NULL,
    sender text NOT NULL,
    channel text NOT NULL,
    format text NOT NULL,
    adapter text,
    thread_index bytea,
    file_name_index bytea,
    findings jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT finished_unless_received CHECK ((state = 'received') = (finished_at IS NULL))
) WITH (fillfactor = 85);  -- room for the one update, in place, without touching an index
CREATE INDEX submission_file_name ON record.submission (file_name_index) WHERE file_name_index IS NOT NULL;

-- The sealed document, apart from its state so that no change of state copies it. Bytes that are sealed do not
-- compress: EXTERNAL keeps PostgreSQL from trying.
CREATE TABLE record.document (
    receipt uuid PRIMARY KEY REFERENCES record.submission ON DELETE CASCADE,
    destroy_at timestamptz,
    wrapped_key bytea NOT NULL,
    sealed bytea NOT NULL
);
ALTER TABLE record.document ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX document_destroy_at ON record.document (destroy_at) WHERE destroy_at IS NOT NULL;

GRANT SELECT, INSERT ON record.submission_id TO hub_app;
GRANT SELECT, INSERT, UPDATE ON record.submission TO hub_app;
GRANT SELECT, INSERT, DELETE ON record.document TO hub_app;
GRANT UPDATE (destroy_at) ON record.document TO hub_app;

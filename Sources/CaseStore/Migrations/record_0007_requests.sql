-- What a staff system asked for under a key of its own (Idempotency-Key), so that it is recognised when it comes again:
-- the keyed hashes of key and body, and the id of what was made. Forgotten after a month.
CREATE TABLE record.request (
    caller text NOT NULL,
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 16),
    body_hash bytea NOT NULL CHECK (octet_length(body_hash) = 32),
    made uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (caller, key_hash)
);
CREATE INDEX request_asked_at ON record.request (asked_at);

GRANT SELECT, INSERT, DELETE ON record.request TO hub_app;

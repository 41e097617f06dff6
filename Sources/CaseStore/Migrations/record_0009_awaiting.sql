-- A message of a submission that answers one which has not come yet. The submission stays as received; it is resumed, and
-- the row deleted, when the earlier message is stored or `until` has passed.
CREATE TABLE record.awaiting (
    submission uuid NOT NULL REFERENCES record.submission ON DELETE CASCADE,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    ordinal integer NOT NULL CHECK (ordinal >= 0),
    sender text NOT NULL,
    -- The blind index of the id or number by which the earlier message is named.
    answered_index bytea NOT NULL CHECK (octet_length(answered_index) = 16),
    PRIMARY KEY (submission, ordinal),
    CONSTRAINT waits_forward CHECK (until > since)
);

GRANT SELECT, INSERT, DELETE ON record.awaiting TO hub_app;

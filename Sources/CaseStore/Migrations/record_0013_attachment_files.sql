-- A dropped file that is no document of its own. Its submission stays as received until a referral names it, or until
-- `until` has passed: then the row goes, and the submission is quarantined.
CREATE TABLE record.dropped_file (
    submission uuid PRIMARY KEY REFERENCES record.submission ON DELETE CASCADE,
    -- NULL once it is a referral's attachment.
    until timestamptz,
    size integer NOT NULL CHECK (size >= 0),
    sender text NOT NULL,
    -- The blind indexes of its name, which is its id for its sender, and of the digest of its bytes.
    name_index bytea NOT NULL CHECK (octet_length(name_index) = 16),
    digest_index bytea NOT NULL CHECK (octet_length(digest_index) = 16),
    -- What a sender may call a file of its kind.
    media_types text[] NOT NULL,
    UNIQUE (sender, name_index)
);
CREATE INDEX dropped_file_until ON record.dropped_file (until) WHERE until IS NOT NULL;

-- An attachment that its referral names as a file. The row goes when the file has not come until `until`, or is not the one
-- that was named: staff are shown that.
CREATE TABLE record.attachment_file (
    referral uuid NOT NULL REFERENCES record.referral ON DELETE CASCADE,
    file uuid REFERENCES record.dropped_file,
    until timestamptz,
    attached_at timestamptz,
    -- Its place among the referral's attachments, from 0.
    number integer NOT NULL CHECK (number >= 0),
    size integer,
    sender text NOT NULL,
    name_index bytea NOT NULL CHECK (octet_length(name_index) = 16),
    digest_index bytea CHECK (octet_length(digest_index) = 16),
    media_type text,
    PRIMARY KEY (referral, number),
    CONSTRAINT waits_or_is_there CHECK (num_nulls(file, attached_at) IN (0, 2) AND num_nulls(file, until) = 1)
);
CREATE INDEX attachment_file_name ON record.attachment_file (sender, name_index) WHERE file IS NULL;
CREATE INDEX attachment_file_until ON record.attachment_file (until) WHERE file IS NULL;
CREATE INDEX attachment_file_file ON record.attachment_file (file) WHERE file IS NOT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON record.dropped_file, record.attachment_file TO hub_app;

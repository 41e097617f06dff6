-- queued ─▶ sending ─▶ delivered        a retry goes from sending back to queued
--    │         ├──▶ failed
--    ├──▶ cancelled   taken back before it left
--    └──▶ stale       judged again: it may no longer leave as it is, and is to be made anew
CREATE TYPE record.extract_state AS ENUM ('queued', 'sending', 'delivered', 'stale', 'cancelled', 'failed');

-- An extract that leaves by a channel, and the package that waits for it. The package is destroyed with its key once it was
-- delivered, cannot leave any more, or its time is over.
CREATE TABLE record.extract_sending (
    extract uuid PRIMARY KEY REFERENCES record.extract,
    -- The queue's message that will send it.
    message bigint,
    queued_at timestamptz NOT NULL,
    -- Later than this the package is destroyed, whatever became of it.
    expires_at timestamptz NOT NULL,
    sent_at timestamptz,
    finished_at timestamptz,
    -- What is awaited of the recipient since the delivery, as in record.acknowledgement.
    awaited_since timestamptz,
    due_at timestamptz,
    shown_late_at timestamptz,
    look_at timestamptz,
    told_at timestamptz,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    state record.extract_state NOT NULL DEFAULT 'queued',
    -- How the latest attempt ended; nothing while it is under way.
    outcome record.attempt_outcome,
    -- Whether anything of it may be with the recipient: later extracts are held against it then, and else not once it is over.
    has_left boolean NOT NULL DEFAULT false,
    -- Whether a person said that it may be sent again, though it may have arrived and its recipient knows no repeat.
    may_repeat boolean NOT NULL DEFAULT false,
    acknowledgement record.acknowledgement_kind,
    acknowledged record.acknowledgement_state,
    told_by text,
    reference text,
    failure text,
    wrapped_key bytea,
    sealed bytea,
    -- Whose pseudonyms are the project's, as keyed numbers of persons; sealed with the key of record.extract_population, and
    -- kept as those are.
    sealed_linkable bytea NOT NULL,
    CONSTRAINT package_whole CHECK (num_nonnulls(wrapped_key, sealed) IN (0, 2)),
    CONSTRAINT package_while_waiting CHECK (state NOT IN ('queued', 'sending') OR sealed IS NOT NULL),
    CONSTRAINT no_package_when_over CHECK (state NOT IN ('delivered', 'stale', 'cancelled') OR sealed IS NULL),
    CONSTRAINT finished_when_over CHECK ((state NOT IN ('queued', 'sending')) = (finished_at IS NOT NULL)),
    CONSTRAINT awaited_whole CHECK (num_nonnulls(awaited_since, due_at, acknowledgement, acknowledged) IN (0, 4)),
    CONSTRAINT told_unless_waiting CHECK ((told_at IS NULL) = (coalesce(acknowledged, 'waiting') = 'waiting')),
    CONSTRAINT told_by_somebody CHECK ((told_at IS NULL) = (told_by IS NULL)),
    CONSTRAINT no_look_when_told CHECK (look_at IS NULL OR acknowledged = 'waiting')
);
CREATE INDEX extract_sending_look ON record.extract_sending (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX extract_sending_due ON record.extract_sending (due_at) WHERE acknowledged = 'waiting' AND shown_late_at IS NULL;
CREATE INDEX extract_sending_package ON record.extract_sending (expires_at) WHERE sealed IS NOT NULL;

-- The ledger's entries about an extract, for the trace; the first is record.extract.entry.
CREATE TABLE record.extract_entry (
    extract uuid NOT NULL REFERENCES record.extract,
    entry uuid NOT NULL,
    PRIMARY KEY (extract, entry)
);

ALTER TYPE record.work_item_kind ADD VALUE 'failed_extract';
ALTER TYPE record.work_item_kind ADD VALUE 'refused_extract';
ALTER TABLE record.work_item ADD COLUMN extract uuid;
CREATE INDEX work_item_extract ON record.work_item (extract) WHERE extract IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON record.extract_sending TO hub_app;
GRANT SELECT, INSERT ON record.extract_entry TO hub_app;

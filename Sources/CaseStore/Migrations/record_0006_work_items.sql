CREATE TYPE record.work_item_kind AS ENUM (
    'incomplete_referral', 'match_review', 'unbound_message', 'withdrawal', 'outcome', 'rejected_part', 'quarantined',
    'refused_submission', 'failed_file', 'dead_letter', 'parked_share', 'failed_share', 'under_13',
    'undelivered_answer'
);
CREATE TYPE record.work_item_state AS ENUM ('open', 'done');

-- Something that a member of staff must look at. Ids and code words only; the ids lead to what is sealed.
CREATE TABLE record.work_item (
    id uuid PRIMARY KEY,
    submission uuid,
    referral uuid,
    person uuid,
    other_person uuid,
    share uuid,
    message bigint,
    created_at timestamptz NOT NULL,
    due_at timestamptz,
    done_at timestamptz,
    ordinal integer,
    kind record.work_item_kind NOT NULL,
    state record.work_item_state NOT NULL DEFAULT 'open',
    code text NOT NULL,
    partner text,
    done_by text,
    CONSTRAINT done_has_time CHECK ((state = 'done') = (done_at IS NOT NULL))
);
-- Doing a step again makes no second item for the same thing. A queue's message is another thing each time it dies.
CREATE UNIQUE INDEX work_item_submission ON record.work_item (submission, ordinal, kind, code) NULLS NOT DISTINCT
    WHERE submission IS NOT NULL AND message IS NULL;
CREATE UNIQUE INDEX work_item_message ON record.work_item (message, kind) WHERE message IS NOT NULL AND state = 'open';
CREATE INDEX work_item_open ON record.work_item (created_at) WHERE state = 'open';
CREATE INDEX work_item_person ON record.work_item (person) WHERE person IS NOT NULL;
CREATE INDEX work_item_share ON record.work_item (share) WHERE share IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON record.work_item TO hub_app;

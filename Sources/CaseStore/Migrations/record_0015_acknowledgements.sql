-- waiting ─▶ taken ◀─▶ refused      a partner's later word replaces its earlier one
CREATE TYPE record.acknowledgement_state AS ENUM ('waiting', 'taken', 'refused');
-- By which word a share counts as taken in: the channel's tracking, the file fetched, the partner's reply, a person's.
CREATE TYPE record.acknowledgement_kind AS ENUM ('mesh_tracking', 'fetched', 'reply', 'manual');

-- A share that was delivered by its channel, and of which more is to be known than that.
CREATE TABLE record.acknowledgement (
    share uuid PRIMARY KEY REFERENCES record.share,
    awaited_since timestamptz NOT NULL,
    -- Later than this staff are shown that it is late.
    due_at timestamptz NOT NULL,
    shown_late_at timestamptz,
    -- When the channel is asked next; nothing where it cannot tell more.
    look_at timestamptz,
    told_at timestamptz,
    kind record.acknowledgement_kind NOT NULL,
    state record.acknowledgement_state NOT NULL DEFAULT 'waiting',
    -- The channel's own reference for what it took.
    reference text,
    -- A partner's id, a member of staff's, or `channel`.
    told_by text,
    -- What was told beside the verdict: a code word.
    code text,
    CONSTRAINT told_unless_waiting CHECK ((state = 'waiting') = (told_at IS NULL)),
    CONSTRAINT told_by_somebody CHECK ((told_at IS NULL) = (told_by IS NULL)),
    CONSTRAINT no_look_when_told CHECK (look_at IS NULL OR state = 'waiting')
);
CREATE INDEX acknowledgement_look ON record.acknowledgement (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX acknowledgement_due ON record.acknowledgement (due_at) WHERE state = 'waiting' AND shown_late_at IS NULL;

-- Partners with room for 20 characters know a share by the last hexadecimal digits of its id.
CREATE INDEX share_short_id ON record.share (upper(right(replace(id::text, '-', ''), 20)));

-- Whether a person said that it may be sent again, though it may have arrived and its partner knows no repeat.
ALTER TABLE record.share ADD COLUMN may_repeat boolean NOT NULL DEFAULT false;

GRANT SELECT, INSERT, UPDATE ON record.acknowledgement TO hub_app;

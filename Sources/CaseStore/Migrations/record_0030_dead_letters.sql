-- What staff note of the dead letters of one cause, and what they have had tried again.

CREATE TABLE record.dead_letter_note (
    changed_at timestamptz NOT NULL DEFAULT now(),
    -- Equal for the dead letters of one cause; so the note is there again when they come again.
    fingerprint bigint NOT NULL,
    queue text NOT NULL,
    -- Who looks after them, and who changed this last; as they stand on the ledger.
    owner text,
    changed_by text NOT NULL,
    note text NOT NULL DEFAULT '' CHECK (char_length(note) <= 1000),
    PRIMARY KEY (queue, fingerprint)
);

CREATE TYPE record.replay_state AS ENUM ('waiting', 'running', 'done', 'cancelled', 'failed');

-- Dead letters that are to go back to their queue, or went: one, or all of a group that had been set aside by `asked_at`.
CREATE TABLE record.replay (
    id uuid PRIMARY KEY,
    asked_at timestamptz NOT NULL DEFAULT now(),
    -- Until then nothing is done, and all of it can be undone.
    begins_at timestamptz NOT NULL,
    ended_at timestamptz,
    fingerprint bigint NOT NULL,
    -- NULL is the whole group.
    message bigint,
    wanted integer NOT NULL CHECK (wanted > 0),
    replayed integer NOT NULL DEFAULT 0 CHECK (replayed >= 0),
    -- In a row; one that fails again and again is given up.
    failures smallint NOT NULL DEFAULT 0,
    state record.replay_state NOT NULL DEFAULT 'waiting',
    queue text NOT NULL,
    cause text NOT NULL,
    asked_by text NOT NULL,
    cancelled_by text,
    CONSTRAINT ended_has_time CHECK ((ended_at IS NULL) = (state IN ('waiting', 'running'))),
    CONSTRAINT cancelled_by_somebody CHECK ((cancelled_by IS NULL) = (state <> 'cancelled'))
);
-- Asked for twice, by two people or two presses, it is one.
CREATE UNIQUE INDEX replay_open_group ON record.replay (queue, fingerprint) WHERE message IS NULL AND ended_at IS NULL;
CREATE UNIQUE INDEX replay_open_message ON record.replay (message) WHERE message IS NOT NULL AND ended_at IS NULL;
CREATE INDEX replay_due ON record.replay (begins_at) WHERE ended_at IS NULL;
CREATE INDEX replay_group ON record.replay (queue, fingerprint, asked_at);

GRANT SELECT, INSERT, UPDATE ON record.dead_letter_note, record.replay TO hub_app, hub_console;
GRANT SELECT ON record.dead_letter_note, record.replay TO hub_audit;
GRANT SELECT (ended_at), DELETE ON record.replay TO hub_retention;

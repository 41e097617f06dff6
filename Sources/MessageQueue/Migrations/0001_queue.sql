-- Schema queue: messages in motion. MessageQueue.swift explains the design as a whole.
--
--   message      the immutable envelope and document: appended, read, dropped by age; never updated
--   state        one narrow row per live message: where it stands, who holds its lease; deleted with its outcome
--   dead_letter  messages set aside, each with its cause, until they are replayed or cancelled
--   history      one narrow row per outcome of an attempt, append-only
--   queue, node  the names that the narrow rows refer to by number
--
-- No foreign keys lead from the hot tables: each would take a share lock on one row of queue.queue per message, and
-- every writer would queue up on that row. The statements that write here join queue.queue instead.

CREATE SCHEMA queue;

CREATE TABLE queue.queue (
    id           smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    paused_at    timestamptz,
    pause_reason text,
    CONSTRAINT queue_name_form CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$'),
    CONSTRAINT pause_has_reason CHECK ((paused_at IS NULL) = (pause_reason IS NULL))
);

-- One row per start of a node, so that the number of a node is never used again, whatever its name.
CREATE TABLE queue.node (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now()
);

-- Gives each message its id, and its place in its queue. It caches nothing (CACHE 1): numbers handed out ahead to one
-- session would be used after larger ones of another, and the order within a key rests on them.
CREATE SEQUENCE queue.position AS bigint CACHE 1;

CREATE TABLE queue.message (
    id           bigint NOT NULL DEFAULT nextval('queue.position') PRIMARY KEY,
    enqueued_at  timestamptz NOT NULL DEFAULT now(),
    not_before   timestamptz,
    correlation  uuid,
    queue        smallint NOT NULL,
    priority     smallint NOT NULL,
    key          text,
    content_type text,
    payload      bytea NOT NULL,
    CONSTRAINT priority_known CHECK (priority BETWEEN 0 AND 2),
    CONSTRAINT key_length CHECK (octet_length(key) BETWEEN 1 AND 200)
) WITH (toast_tuple_target = 8160);

-- Documents are sealed bytes, which do not compress. EXTERNAL does not try (trying halves the rate of intake), and the
-- target above keeps a document of up to 8 kB in its row instead of in the side table that takes over from 2 kB on.
ALTER TABLE queue.message ALTER COLUMN payload SET STORAGE EXTERNAL;

CREATE INDEX message_correlation ON queue.message (correlation) WHERE correlation IS NOT NULL;

-- A live message. `shelf` is where it stands:
--   0, 1, 2  ready, by its priority: emergency, urgent, routine
--   3        waiting for `wait_until`: delayed by its sender, or until its next attempt
--   4        suspect: a holder of it vanished without an outcome; handed out one at a time
--   5        behind: an older message of its key is alive, which stands on one of the other shelves
-- Per key exactly the oldest live message, its head, stands elsewhere than behind. So a claim reads heads only, however
-- long the queues behind them are. Whoever adds or removes a row of a key holds that key's order lock
-- (OrderLock.swift).
--
-- A lease is `lease_until`, `node`, `leased_at`; only a head that is ready or suspect may be leased. It is lost when it
-- has run out and a claim finds it so. `fence` rises with each claim and never falls.
--
-- Taking, renewing and losing a lease change no indexed column, so that they stay within the page (HOT); the fill
-- factor leaves the room. Truncation is off because it takes an exclusive lock to give back pages that are needed a
-- moment later.
CREATE TABLE queue.state (
    position    bigint NOT NULL,
    id          bigint NOT NULL,
    key_hash    bigint,
    wait_until  timestamptz,
    lease_until timestamptz,
    leased_at   timestamptz,
    node        integer,
    fence       integer NOT NULL DEFAULT 0,
    queue       smallint NOT NULL,
    shelf       smallint NOT NULL,
    priority    smallint NOT NULL,
    attempt     smallint NOT NULL DEFAULT 0,
    lost        smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (queue, shelf, position),
    CONSTRAINT shelf_known CHECK (shelf BETWEEN 0 AND 5),
    CONSTRAINT waiting_has_time CHECK (shelf <> 3 OR wait_until IS NOT NULL),
    CONSTRAINT time_only_waiting CHECK (shelf IN (3, 5) OR wait_until IS NULL),
    CONSTRAINT behind_has_key CHECK (shelf <> 5 OR key_hash IS NOT NULL),
    CONSTRAINT lease_on_claimable CHECK (lease_until IS NULL OR shelf NOT IN (3, 5)),
    CONSTRAINT suspect_was_lost CHECK ((shelf = 4) = (lost > 0)),
    CONSTRAINT lease_whole CHECK (num_nulls(lease_until, leased_at, node) IN (0, 3))
) WITH (
    fillfactor = 40,
    vacuum_truncate = off,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

-- Who is alive of this key, and who is next?
CREATE INDEX state_key ON queue.state (key_hash, position) WHERE key_hash IS NOT NULL;
-- Which waiting messages are due?
CREATE INDEX state_waiting ON queue.state (queue, wait_until) WHERE shelf = 3;
-- A replayed message has a new place, which its id no longer tells.
CREATE INDEX state_replayed ON queue.state (id) WHERE position <> id;

-- A message set aside. `fingerprint` groups equal causes.
CREATE TABLE queue.dead_letter (
    id          bigint PRIMARY KEY,
    died_at     timestamptz NOT NULL DEFAULT now(),
    fingerprint bigint NOT NULL,
    queue       smallint NOT NULL,
    priority    smallint NOT NULL,
    attempt     smallint NOT NULL,
    lost        smallint NOT NULL,
    cause_code  text NOT NULL,
    cause_text  text NOT NULL
);

CREATE INDEX dead_letter_cause ON queue.dead_letter (queue, fingerprint);

CREATE TYPE queue.outcome AS ENUM ('acknowledged', 'retried', 'dead_lettered', 'lost', 'cancelled', 'replayed');

-- What became of each attempt. An attempt without a row here is running, or its lease has not been found lost yet.
CREATE TABLE queue.history (
    message  bigint NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    began_at timestamptz,
    node     integer,
    outcome  queue.outcome NOT NULL,
    attempt  smallint NOT NULL,
    cause    text
);

CREATE INDEX history_message ON queue.history (message);

GRANT USAGE ON SCHEMA queue TO hub_app;
GRANT SELECT, INSERT, UPDATE (paused_at, pause_reason) ON queue.queue TO hub_app;
GRANT SELECT, INSERT ON queue.node TO hub_app;
GRANT USAGE ON SEQUENCE queue.position TO hub_app;
GRANT SELECT, INSERT, DELETE ON queue.message, queue.dead_letter, queue.history TO hub_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON queue.state TO hub_app;

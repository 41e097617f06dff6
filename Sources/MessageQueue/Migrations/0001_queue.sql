-- Schema queue: messages in motion. MessageQueue.swift explains the design as a whole.
--
--   message      the immutable envelope and document: appended and read; never updated, dropped by the era
--   history      the outcomes of attempts, append-only, dropped by the era
--   era          the stretches of time by which messages and history are kept and dropped
--   state        one narrow row per live message: where it stands, who holds its lease; deleted with its outcome
--   dead_letter  messages set aside, each with its cause, until they are replayed or cancelled
--   policy       what is set for a queue: attempts, limits, breaker
--   gate         how a queue with a limit or a breaker stands at this moment
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
    paused_until timestamptz,
    pause_reason text,
    CONSTRAINT queue_name_form CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$'),
    CONSTRAINT pause_has_reason CHECK ((paused_at IS NULL) = (pause_reason IS NULL)),
    CONSTRAINT only_pauses_end CHECK (paused_until IS NULL OR paused_at IS NOT NULL)
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

-- Eras, numbered from 1; the highest that is open is the one that is written to. An era is opened every so often and
-- dropped whole when all that it holds has been kept for long enough (MessageQueue+Retire.swift). Not dates but numbers,
-- so that a hub that nobody looked after for a year still has somewhere to write; the first has always been open, so that
-- a clock that is set back finds one too.
CREATE TABLE queue.era (
    number    smallint PRIMARY KEY,
    opened_at timestamptz NOT NULL,
    CONSTRAINT era_positive CHECK (number > 0)
);

CREATE TABLE queue.message (
    id           bigint NOT NULL DEFAULT nextval('queue.position'),
    enqueued_at  timestamptz NOT NULL DEFAULT now(),
    not_before   timestamptz,
    correlation  uuid,
    era          smallint NOT NULL,
    queue        smallint NOT NULL,
    priority     smallint NOT NULL,
    key          text,
    content_type text,
    payload      bytea NOT NULL,
    CONSTRAINT priority_known CHECK (priority BETWEEN 0 AND 2),
    CONSTRAINT key_length CHECK (octet_length(key) BETWEEN 1 AND 200)
) PARTITION BY LIST (era);

-- Documents are sealed bytes, which do not compress. EXTERNAL does not try (trying halves the rate of intake).
ALTER TABLE queue.message ALTER COLUMN payload SET STORAGE EXTERNAL;

CREATE INDEX message_correlation ON queue.message (correlation) WHERE correlation IS NOT NULL;

CREATE TYPE queue.outcome AS ENUM ('acknowledged', 'retried', 'dead_lettered', 'lost', 'cancelled', 'replayed');

-- What became of attempts. Messages that began and ended together share a row: one row for a batch costs a tenth of a
-- row for each. All ids of a row have the same quotient by 128, so that the index finds a message by it. An attempt
-- without a row here is running, or its lease has not been found lost yet.
CREATE TABLE queue.history (
    ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    began_at timestamptz,
    node     integer,
    outcome  queue.outcome NOT NULL,
    era      smallint NOT NULL,
    attempt  smallint NOT NULL,
    cause    text,
    messages bigint[] NOT NULL,
    CONSTRAINT names_a_message CHECK (messages[1] IS NOT NULL)
) PARTITION BY LIST (era);

CREATE INDEX history_message ON queue.history ((messages[1] >> 7));

-- Makes the next era, which opens in a second, and returns its number.
--
-- Attaching a partition blocks nobody who reads or writes. For that, a statement that is about to begin may see the era's
-- row but not yet its partitions, if both come at once ("no partition of relation found for row"); hence the second.
--
-- By the schema's owner, because the role that the hub works under may not make or drop tables. The target of 8160
-- bytes keeps a document of up to 8 kB in its row instead of in the side table that takes over from 2 kB on. No vacuum
-- for inserts: it would read every document once more, and mark pages that are never read by index alone.
CREATE FUNCTION queue.open_era() RETURNS smallint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    opened smallint := (SELECT coalesce(max(number), 0) + 1 FROM queue.era);
BEGIN
    EXECUTE format(
        'CREATE TABLE queue.message_%s (
             LIKE queue.message INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE, PRIMARY KEY (id)
         ) WITH (toast_tuple_target = 8160, autovacuum_vacuum_insert_threshold = -1)', opened);
    EXECUTE format('ALTER TABLE queue.message ATTACH PARTITION queue.message_%s FOR VALUES IN (%s)', opened, opened);
    EXECUTE format(
        'CREATE TABLE queue.history_%s (LIKE queue.history INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', opened);
    EXECUTE format('ALTER TABLE queue.history ATTACH PARTITION queue.history_%s FOR VALUES IN (%s)', opened, opened);
    INSERT INTO queue.era (number, opened_at) VALUES (
        opened, CASE WHEN opened > 1 THEN clock_timestamp() + interval '1 s' ELSE '-infinity' END);
    RETURN opened;
END $$;

-- Drops an era with its documents and its history, but not the one that is written to, nor one that somebody still
-- needs: while it looks, and until its transaction ends, no message can become alive or dead in it. Returns whether it
-- did. The caller sets lock_timeout, so that a reader of long breath (pg_dump) makes this wait and nobody else.
CREATE FUNCTION queue.drop_era(dropped smallint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    first_id bigint;
    last_id  bigint;
BEGIN
    IF dropped >= (SELECT max(number) FROM queue.era WHERE opened_at <= clock_timestamp() - interval '1 s') THEN
        RAISE EXCEPTION 'era % is written to', dropped USING ERRCODE = 'object_in_use';
    END IF;
    EXECUTE format('LOCK TABLE ONLY queue.message, queue.message_%s, ONLY queue.history IN ACCESS EXCLUSIVE MODE', dropped);
    LOCK TABLE queue.state, queue.dead_letter IN SHARE MODE;
    EXECUTE format('SELECT min(id), max(id) FROM queue.message_%s', dropped) INTO first_id, last_id;
    IF EXISTS (
        SELECT
        FROM queue.queue AS q
        CROSS JOIN unnest('{0,1,2,3,4,5}'::smallint[]) AS k(shelf)
        JOIN queue.state AS s
            ON s.queue = q.id AND s.shelf = k.shelf AND s.position BETWEEN first_id AND last_id AND s.era = dropped
    ) OR EXISTS (
        SELECT
        FROM queue.state AS s
        WHERE s.position <> s.id AND s.id BETWEEN first_id AND last_id AND s.era = dropped
    ) OR EXISTS (
        SELECT FROM queue.dead_letter AS d WHERE d.id BETWEEN first_id AND last_id AND d.era = dropped
    ) THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE queue.message_%s', dropped);
    EXECUTE format('DROP TABLE queue.history_%s', dropped);
    DELETE FROM queue.era WHERE number = dropped;
    RETURN true;
END $$;

-- A live message. `shelf` is where it stands:
--   0, 1, 2  ready, by its priority: emergency, urgent, routine
--   3        waiting for `wait_until`: delayed by its sender, or until its next attempt
--   4        suspect: a holder of it vanished without an outcome; handed out one at a time
--   5        behind: an older message of its key is alive, which stands on one of the other shelves
-- Per key exactly the oldest live message, its head, stands elsewhere than behind. So a claim reads heads only, however
-- long the queues behind them are. Whoever adds or removes a row of a key holds that key's order lock
-- (OrderLock.swift).
--
-- `entered_at` is when the message was enqueued, or replayed; a deadline counts from it. `era` is that of its document.
--
-- A lease is `lease_until`, `node`, `leased_at`; only a head that is ready or suspect may be leased. It is lost when it
-- has run out and a claim finds it so. `fence` rises with each claim and never falls.
--
-- Taking, renewing and losing a lease change no indexed column, so that they stay within the page (HOT); the fill
-- factor leaves the room; what changes stands last, because the log holds a changed row from its first change on.
-- Truncation is off because it takes an exclusive lock to give back pages that are needed a
-- moment later.
CREATE TABLE queue.state (
    position    bigint NOT NULL,
    id          bigint NOT NULL,
    key_hash    bigint,
    wait_until  timestamptz,
    entered_at  timestamptz NOT NULL DEFAULT now(),
    era         smallint NOT NULL,
    queue       smallint NOT NULL,
    shelf       smallint NOT NULL,
    priority    smallint NOT NULL,
    lost        smallint NOT NULL DEFAULT 0,
    attempt     smallint NOT NULL DEFAULT 0,
    fence       integer NOT NULL DEFAULT 0,
    node        integer,
    leased_at   timestamptz,
    lease_until timestamptz,
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
    era         smallint NOT NULL,
    queue       smallint NOT NULL,
    priority    smallint NOT NULL,
    attempt     smallint NOT NULL,
    lost        smallint NOT NULL,
    cause_code  text NOT NULL,
    cause_text  text NOT NULL
);

CREATE INDEX dead_letter_cause ON queue.dead_letter (queue, fingerprint);

-- What is set for a queue (PolicySetting.swift): by the installation's configuration (layer 0) or by an operator (layer
-- 1), who has the last word. What is not set here has the value that the code gives it. Times are in seconds.
CREATE TABLE queue.policy (
    queue   smallint NOT NULL REFERENCES queue.queue (id),
    layer   smallint NOT NULL,
    setting text NOT NULL,
    value   double precision NOT NULL,
    set_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (queue, layer, setting),
    CONSTRAINT layer_known CHECK (layer IN (0, 1)),
    CONSTRAINT value_sensible CHECK (value BETWEEN 0 AND 1e9)
);

CREATE TYPE queue.circuit AS ENUM ('closed', 'open', 'half_open');

-- How a queue with a limit or a breaker stands: the tokens of its bucket, its circuit, and how many messages each
-- consumer has in hand (Gate.swift). A queue without them has no row.
--
-- A claim writes a new row and deletes the one before, instead of updating one in place. So the row that holds is always
-- the last of the index, and reading it costs the same however many dead ones a long transaction keeps before it. Who
-- reads it to write the next holds the queue's gate lock (GateStatement.swift).
CREATE TABLE queue.gate (
    queue           smallint NOT NULL,
    revision        bigint NOT NULL,
    tokens          double precision NOT NULL,
    refilled_at     timestamptz NOT NULL,
    circuit         queue.circuit NOT NULL,
    failures        integer NOT NULL,
    window_from     timestamptz NOT NULL,
    window_failures integer NOT NULL,
    window_outcomes integer NOT NULL,
    openings        integer NOT NULL,
    turns_at        timestamptz,
    prober          bigint,
    holders         bigint[] NOT NULL,
    held            integer[] NOT NULL,
    held_until      timestamptz[] NOT NULL,
    PRIMARY KEY (queue, revision),
    CONSTRAINT open_turns CHECK ((circuit = 'closed') = (turns_at IS NULL)),
    CONSTRAINT half_open_has_prober CHECK ((circuit = 'half_open') = (prober IS NOT NULL)),
    CONSTRAINT holders_whole CHECK (cardinality(holders) = cardinality(held) AND cardinality(held) = cardinality(held_until))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);

SELECT queue.open_era();

REVOKE ALL ON FUNCTION queue.open_era(), queue.drop_era(smallint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue.open_era(), queue.drop_era(smallint) TO hub_app;
GRANT USAGE ON SCHEMA queue TO hub_app;
GRANT SELECT ON queue.era TO hub_app;
GRANT SELECT, INSERT, UPDATE (paused_at, paused_until, pause_reason) ON queue.queue TO hub_app;
GRANT SELECT, INSERT ON queue.node TO hub_app;
GRANT SELECT, USAGE ON SEQUENCE queue.position TO hub_app;
GRANT SELECT, INSERT, DELETE ON queue.message, queue.history TO hub_app;
GRANT SELECT, INSERT, DELETE, UPDATE (era) ON queue.dead_letter TO hub_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON queue.state, queue.policy, queue.gate TO hub_app;

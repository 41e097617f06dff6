-- requested ─▶ queued ─▶ sending ─▶ delivered            a retry goes from sending back to queued
--         ├──▶ refused      │  ├──▶ failed
--         └──▶ parked ◀─────┘  └──▶ cancelled, parked     judged again: withdrawn, or a person must decide
CREATE TYPE record.share_state AS ENUM (
    'requested', 'queued', 'refused', 'parked', 'sending', 'delivered', 'cancelled', 'failed'
);

-- Somebody asked that something about a person be told to a recipient, what was decided, and what became of it.
CREATE TABLE record.share (
    id uuid PRIMARY KEY,
    person uuid NOT NULL REFERENCES record.person,
    referral uuid REFERENCES record.referral,
    agreement uuid REFERENCES record.agreement,
    -- The queue's message that will send it.
    message bigint,
    requested_at timestamptz NOT NULL,
    decided_at timestamptz,
    queued_at timestamptz,
    sent_at timestamptz,
    finished_at timestamptz,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    agreement_version integer,
    state record.share_state NOT NULL DEFAULT 'requested',
    recipient text NOT NULL,
    purpose text NOT NULL,
    level text NOT NULL,
    channel text NOT NULL,
    requested_by text NOT NULL,
    asked text[] NOT NULL,
    outcome text,
    reason text,
    policy_version text,
    released text[] NOT NULL DEFAULT '{}',
    -- The receiver's own reference for what it was given.
    reference text,
    -- Why the last attempt failed, or why it was cancelled: a code word.
    failure text,
    CONSTRAINT decided_unless_requested CHECK ((state = 'requested') = (decided_at IS NULL)),
    CONSTRAINT queued_before_sending CHECK (
        queued_at IS NOT NULL OR state NOT IN ('queued', 'sending', 'delivered', 'cancelled', 'failed')
    ),
    CONSTRAINT sent_before_delivery CHECK (sent_at IS NOT NULL OR state NOT IN ('sending', 'delivered')),
    CONSTRAINT finished_when_over CHECK (
        (state IN ('refused', 'delivered', 'cancelled', 'failed')) = (finished_at IS NOT NULL)
    )
) WITH (fillfactor = 80);
CREATE INDEX share_person ON record.share (person, id);
-- Serves the withdrawal: what rests on an agreement and has not ended.
CREATE INDEX share_agreement_waiting ON record.share (agreement) WHERE finished_at IS NULL AND agreement IS NOT NULL;

CREATE TYPE record.attempt_outcome AS ENUM ('delivered', 'retry', 'rejected', 'unknown');

-- One attempt to send, entered before the bytes leave. Without an outcome: still under way, or the hub stopped.
CREATE TABLE record.share_attempt (
    share uuid NOT NULL REFERENCES record.share,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    attempt integer NOT NULL CHECK (attempt > 0),
    outcome record.attempt_outcome,
    code text,
    PRIMARY KEY (share, attempt),
    CONSTRAINT finished_has_outcome CHECK ((outcome IS NULL) = (finished_at IS NULL))
);
-- Serves the search for attempts of which nobody will tell any more.
CREATE INDEX share_attempt_open ON record.share_attempt (started_at) WHERE outcome IS NULL;

-- Each decision of the policy with the facts it was taken on, sealed: so it can be explained years later.
CREATE TABLE record.decision (
    id uuid PRIMARY KEY,
    share uuid NOT NULL REFERENCES record.share,
    decided_at timestamptz NOT NULL,
    stage text NOT NULL CHECK (stage IN ('request', 'send')),
    outcome text NOT NULL,
    reason text NOT NULL,
    policy_version text NOT NULL,
    sealed_facts bytea NOT NULL
);
CREATE INDEX decision_share ON record.decision (share);

GRANT SELECT, INSERT, UPDATE ON record.share, record.share_attempt TO hub_app;
GRANT SELECT, INSERT ON record.decision TO hub_app;

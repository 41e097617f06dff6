CREATE TYPE record.signatory AS ENUM ('subject', 'attorney', 'deputy', 'parent', 'other', 'child_under_13_online');
CREATE TYPE record.scope_about AS ENUM ('person', 'dependants');

-- A Shared Agreement (disclosure policy, section 7). The row is the lock of promise 3: a release takes it FOR SHARE
-- until its ledger entry is committed, a withdrawal takes it FOR UPDATE.
CREATE TABLE record.agreement (
    id uuid PRIMARY KEY,
    person uuid NOT NULL REFERENCES record.person,
    supplements uuid REFERENCES record.agreement,
    signed_at timestamptz NOT NULL,
    starts_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    entered_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL CHECK (version > 0),
    signed_by record.signatory NOT NULL,
    entered_by text NOT NULL,
    witness text,
    scan_digest bytea CHECK (octet_length(scan_digest) = 32),
    -- What shows that somebody else could sign: it names people, so it is sealed with the person's key.
    sealed_evidence bytea,
    has_guardian_permission boolean NOT NULL DEFAULT false,
    UNIQUE (person, version),
    CONSTRAINT expires_after_start CHECK (expires_at > starts_at)
);

-- What it permits: one recipient, for purposes, of groups (null: the whole row of the purpose).
CREATE TABLE record.agreement_scope (
    agreement uuid NOT NULL REFERENCES record.agreement,
    withdrawn_at timestamptz,
    line integer NOT NULL CHECK (line >= 0),
    about record.scope_about NOT NULL DEFAULT 'person',
    recipient text NOT NULL,
    purposes text[] NOT NULL,
    groups text[],
    PRIMARY KEY (agreement, line)
);

GRANT SELECT, INSERT ON record.agreement, record.agreement_scope TO hub_app;
-- An UPDATE right is also what locking a row FOR SHARE or FOR UPDATE asks for.
GRANT UPDATE (revoked_at) ON record.agreement TO hub_app;
GRANT UPDATE (withdrawn_at) ON record.agreement_scope TO hub_app;

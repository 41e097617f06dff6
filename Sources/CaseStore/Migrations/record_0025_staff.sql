-- What staff, and the systems that speak for them, may do.
CREATE TYPE record.staff_role AS ENUM (
    'operator', 'coordinator', 'duty_officer', 'privacy_officer', 'auditor', 'administrator'
);

ALTER TABLE record.partner ADD COLUMN roles record.staff_role[] NOT NULL DEFAULT '{}';
-- Until now a staff system might do all that the API has for staff.
UPDATE record.partner SET roles = '{coordinator,duty_officer,privacy_officer}' WHERE kind = 'staff';
ALTER TABLE record.partner ADD CONSTRAINT staff_have_roles CHECK ((kind = 'staff') = (cardinality(roles) > 0));

-- Somebody of the council's staff: known by the council's own identity provider, or here by a password and a second factor.
CREATE TABLE record.staff_account (
    -- As it stands on the ledger: a user name, and not the person's own.
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9._-]{1,39}$'),
    added_at timestamptz NOT NULL DEFAULT now(),
    locked_until timestamptz,
    failures integer NOT NULL DEFAULT 0,
    is_enabled boolean NOT NULL DEFAULT true,
    roles record.staff_role[] NOT NULL CHECK (cardinality(roles) > 0),
    -- scrypt with its parameters and salt; empty until it is set up, and for those whom the provider knows.
    password_hash text,
    sealed_code_key bytea,
    -- The time step of the last code that was taken: each is taken once.
    code_step bigint,
    -- Of the provider's address and its own id for somebody, keyed.
    subject_hash bytea UNIQUE CHECK (octet_length(subject_hash) = 32),
    CONSTRAINT password_has_second_factor CHECK ((password_hash IS NULL) = (sealed_code_key IS NULL)),
    CONSTRAINT known_in_one_way CHECK (password_hash IS NULL OR subject_hash IS NULL)
);

-- A link by which somebody sets their own password and second factor, once.
CREATE TABLE record.staff_invitation (
    account text PRIMARY KEY REFERENCES record.staff_account,
    expires_at timestamptz NOT NULL,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32)
);

-- A browser that somebody is signed in at; its cookie holds what this is the SHA-256 of.
CREATE TABLE record.staff_session (
    id_hash bytea PRIMARY KEY CHECK (octet_length(id_hash) = 32),
    opened_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    account text NOT NULL REFERENCES record.staff_account
);
CREATE INDEX staff_session_account ON record.staff_session (account);
CREATE INDEX staff_session_seen_at ON record.staff_session (seen_at);

GRANT SELECT, INSERT, UPDATE ON record.staff_account TO hub_app, hub_console;
GRANT SELECT, INSERT, UPDATE, DELETE ON record.staff_invitation, record.staff_session TO hub_app, hub_console;
GRANT SELECT (expires_at), DELETE ON record.staff_invitation TO hub_retention;
GRANT SELECT (seen_at), DELETE ON record.staff_session TO hub_retention;

CREATE SCHEMA record;
GRANT USAGE ON SCHEMA record TO hub_app;

CREATE TYPE record.partner_kind AS ENUM ('partner', 'staff');

-- Who may call the hub: partner systems, and the staff's own systems.
CREATE TABLE record.partner (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9_:.-]{0,63}$'),
    added_at timestamptz NOT NULL DEFAULT now(),
    kind record.partner_kind NOT NULL,
    is_enabled boolean NOT NULL DEFAULT true,
    name text NOT NULL,
    adapter text,
    ods text[] NOT NULL DEFAULT '{}'
);

-- A credential: a public prefix to find it by, and the SHA-256 of its 256 random bits.
-- A password hash would add nothing: nobody can try out 256 random bits, and each request would pay for it.
CREATE TABLE record.api_key (
    prefix text PRIMARY KEY,
    partner text NOT NULL REFERENCES record.partner,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32)
);
CREATE INDEX api_key_partner ON record.api_key (partner);

GRANT SELECT, INSERT, UPDATE ON record.partner, record.api_key TO hub_app;

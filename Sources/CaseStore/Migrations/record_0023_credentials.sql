-- By which TLS certificate a caller is known: one with this public key, whoever issued it and however often it is renewed; or
-- one that an authority of the installation issued for this DNS name. A key that was revoked is never taken again, under no
-- name either.
CREATE TABLE record.client_certificate (
    id uuid PRIMARY KEY,
    partner text NOT NULL REFERENCES record.partner,
    added_at timestamptz NOT NULL DEFAULT now(),
    -- When the certificate ends that was given for the key, so that somebody is told in time. Each that is shown has its own end.
    expires_at timestamptz,
    revoked_at timestamptz,
    -- SHA-256 of its SubjectPublicKeyInfo.
    key_hash bytea CHECK (octet_length(key_hash) = 32),
    name text,
    CONSTRAINT key_or_name CHECK ((key_hash IS NULL) <> (name IS NULL))
);
CREATE UNIQUE INDEX client_certificate_key ON record.client_certificate (key_hash) WHERE key_hash IS NOT NULL;
CREATE UNIQUE INDEX client_certificate_name ON record.client_certificate (name)
    WHERE name IS NOT NULL AND revoked_at IS NULL;
CREATE INDEX client_certificate_partner ON record.client_certificate (partner);

-- A partner's public key, by which it signs for access tokens (RFC 7523). Its private key never comes here.
CREATE TABLE record.client_key (
    partner text NOT NULL REFERENCES record.partner,
    -- The partner's own name for it.
    kid text NOT NULL CHECK (octet_length(kid) BETWEEN 1 AND 200),
    added_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    pem text NOT NULL,
    PRIMARY KEY (partner, kid)
);

-- What was signed for an access token is taken once. Kept until it would be refused as too old anyway.
CREATE TABLE record.used_assertion (
    partner text NOT NULL REFERENCES record.partner,
    expires_at timestamptz NOT NULL,
    id_hash bytea NOT NULL CHECK (octet_length(id_hash) = 32),
    PRIMARY KEY (partner, id_hash)
);
CREATE INDEX used_assertion_expiry ON record.used_assertion (expires_at);

-- An API key of a partner is for senders of low risk: somebody has judged that.
ALTER TABLE record.api_key ADD COLUMN is_low_risk boolean NOT NULL DEFAULT false;

GRANT SELECT, INSERT, UPDATE (expires_at, revoked_at) ON record.client_certificate TO hub_app;
GRANT SELECT, INSERT, UPDATE (revoked_at) ON record.client_key TO hub_app;
GRANT SELECT, INSERT, DELETE ON record.used_assertion TO hub_app;

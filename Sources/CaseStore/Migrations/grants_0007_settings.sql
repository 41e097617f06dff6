-- Administrators see partners and credentials in the console, suspend, resume and revoke, and give a partner its next API key.
-- A key's hash is written and never read; no partner is entered or renamed, and no certificate or client key is added.
GRANT USAGE ON SCHEMA record, ledger TO hub_partners;
GRANT INSERT ON ledger.entry TO hub_partners;
GRANT SELECT, UPDATE (is_enabled) ON record.partner TO hub_partners;
GRANT SELECT (prefix, partner, created_at, expires_at, revoked_at, is_low_risk),
    INSERT (prefix, partner, expires_at, is_low_risk, secret_hash),
    UPDATE (revoked_at)
ON record.api_key TO hub_partners;
GRANT SELECT, UPDATE (revoked_at) ON record.client_certificate, record.client_key TO hub_partners;

-- Which machines the hub runs on.
GRANT SELECT (node, seen_at) ON record.key_process TO hub_audit;

-- When somebody signed in last, for whoever looks after accounts: sessions are forgotten when they have ended.
ALTER TABLE record.staff_account ADD COLUMN signed_in_at timestamptz;
UPDATE record.staff_account
SET signed_in_at = (SELECT max(opened_at) FROM record.staff_session WHERE account = staff_account.id);

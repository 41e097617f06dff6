CREATE TYPE record.referral_outcome_word AS ENUM ('taken_on', 'not_taken_on', 'closed');

-- What became of a referral, as staff set it last; the ledger has what they set before. Its sender may know only while the
-- person agrees to that.
CREATE TABLE record.referral_outcome (
    referral uuid PRIMARY KEY REFERENCES record.referral,
    set_at timestamptz NOT NULL,
    -- When the person agreed that the sender is told; nothing where they did not.
    agreed_at timestamptz,
    -- When the sender was first told this.
    told_at timestamptz,
    outcome record.referral_outcome_word NOT NULL,
    -- Partner interfaces, section 3.4.
    ending_code text,
    set_by text NOT NULL,
    CONSTRAINT code_when_over CHECK ((outcome = 'taken_on') = (ending_code IS NULL))
);

GRANT SELECT, INSERT, UPDATE ON record.referral_outcome TO hub_app;

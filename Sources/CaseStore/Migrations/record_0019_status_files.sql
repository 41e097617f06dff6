-- When it is looked at next whether the sender of a file may be given what became of its referral as a file; nothing where that
-- was done, or where there is nothing to write.
ALTER TABLE record.referral_outcome ADD COLUMN write_at timestamptz;
CREATE INDEX referral_outcome_write ON record.referral_outcome (write_at) WHERE write_at IS NOT NULL;

-- When the sender of a file was given what became of its referral as a file.
ALTER TABLE record.referral_outcome ADD COLUMN written_at timestamptz;
CREATE INDEX referral_outcome_unwritten ON record.referral_outcome (set_at) WHERE written_at IS NULL;

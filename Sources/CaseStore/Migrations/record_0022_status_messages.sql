ALTER TABLE record.referral_outcome
    -- Whether a message of the queue stands for telling the sender this.
    ADD COLUMN is_messaged boolean NOT NULL DEFAULT false,
    -- Attempts to tell it by messages, and the last of which the end is known.
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN ended_attempts integer NOT NULL DEFAULT 0;

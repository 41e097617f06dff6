-- The partner's system answers when it is asked, as a GovTalk gateway does.
ALTER TYPE record.acknowledgement_kind ADD VALUE 'response';
-- When that system is told next that its answer is on record, and that it may forget the conversation.
ALTER TABLE record.acknowledgement ADD COLUMN close_at timestamptz;
ALTER TABLE record.acknowledgement ADD CONSTRAINT no_close_before_told CHECK (close_at IS NULL OR state <> 'waiting');
CREATE INDEX acknowledgement_close ON record.acknowledgement (close_at) WHERE close_at IS NOT NULL;

-- A file that many persons may stand in, such as a table or a notice about several, is sealed as a whole by a key of its own, and
-- each of its parts by the key of its person. The whole is destroyed after some days, and the parts stay.

-- When the file came, of one that several parts were made of, once intake is through with it. NULL of every other document: that is
-- its person's, and goes with the person.
ALTER TABLE record.document ADD COLUMN file_since timestamptz;
CREATE INDEX document_file_since ON record.document (file_since, receipt) WHERE file_since IS NOT NULL;
-- What the sender called the file, by which it is told what became of the part when the file is gone.
ALTER TABLE record.referral ADD COLUMN sealed_source bytea;
ALTER TABLE record.referral ALTER COLUMN sealed_source SET STORAGE EXTERNAL;

-- Of a file that came before, the parts do not have its name; it goes all the same.
UPDATE record.document
SET file_since = submission.received_at
FROM record.submission
WHERE submission.receipt = document.receipt
    AND submission.state IN ('accepted', 'incomplete', 'rejected')
    AND EXISTS (SELECT FROM record.referral WHERE referral.submission = document.receipt AND referral.ordinal > 0);

-- Whoever destroys a document, and for whatever reason: the submission says when.
ALTER TABLE record.submission ADD COLUMN document_destroyed_at timestamptz;
CREATE FUNCTION record.note_destroyed() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
BEGIN
    UPDATE record.submission
    SET document_destroyed_at = now()
    FROM destroyed
    WHERE submission.receipt = destroyed.receipt;
    RETURN NULL;
END
$$;
CREATE TRIGGER document_destroyed AFTER DELETE ON record.document
    REFERENCING OLD TABLE AS destroyed FOR EACH STATEMENT EXECUTE FUNCTION record.note_destroyed();

CREATE INDEX work_item_open_submission ON record.work_item (submission) WHERE state = 'open' AND submission IS NOT NULL;
CREATE INDEX person_legal_hold ON record.person (id) WHERE has_legal_hold;

-- Whole files that came before a time, the oldest first, and what still needs each: NULL is nothing. It tells ids and code words
-- alone, and by the rights of the owner, so that who destroys a file, or counts them, need not read persons.
CREATE FUNCTION record.files_past(came_before timestamptz) RETURNS TABLE (receipt uuid, needed_for text)
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
    SELECT
        document.receipt,
        CASE
            WHEN submission.state NOT IN ('accepted', 'incomplete', 'rejected') THEN 'unfinished'
            WHEN EXISTS (
                SELECT
                FROM record.work_item
                WHERE work_item.submission = document.receipt AND work_item.state = 'open'
            ) THEN 'work_item'
            WHEN EXISTS (
                SELECT
                FROM record.referral JOIN record.attachment_file ON attachment_file.referral = referral.id
                WHERE referral.submission = document.receipt AND attachment_file.file IS NULL
            ) THEN 'attachment'
            WHEN EXISTS (
                SELECT
                FROM record.person AS held
                CROSS JOIN LATERAL record.members(record.survivor(held.id)) AS member (id)
                JOIN record.referral ON referral.person = member.id
                WHERE held.has_legal_hold AND referral.submission = document.receipt
            ) THEN 'legal_hold'
        END
    FROM record.document JOIN record.submission ON submission.receipt = document.receipt
    WHERE document.file_since <= came_before
    ORDER BY document.file_since, document.receipt
$$;

-- Those that nothing needs. Until the caller's transaction ends nobody in them comes under a legal hold: who is about to be is
-- waited for, and then keeps the file.
CREATE FUNCTION record.due_files(came_before timestamptz, most integer) RETURNS SETOF uuid
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
DECLARE
    chosen uuid[];
BEGIN
    chosen := ARRAY (
        SELECT past.receipt FROM record.files_past(came_before) AS past WHERE past.needed_for IS NULL LIMIT most
    );
    PERFORM
    FROM record.person
    WHERE person.id IN (
        SELECT record.members(record.survivor(referral.person))
        FROM record.referral
        WHERE referral.submission = ANY (chosen)
    )
    ORDER BY person.id
    FOR SHARE;
    -- What was committed while it waited is seen from here on.
    RETURN QUERY
    SELECT past.receipt
    FROM record.files_past(came_before) AS past
    WHERE past.needed_for IS NULL AND past.receipt = ANY (chosen);
END
$$;

REVOKE EXECUTE ON FUNCTION record.files_past(timestamptz), record.due_files(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.files_past(timestamptz) TO hub_app, hub_audit;
GRANT EXECUTE ON FUNCTION record.due_files(timestamptz, integer) TO hub_app, hub_retention;
GRANT UPDATE (file_since) ON record.document TO hub_app, hub_worker;

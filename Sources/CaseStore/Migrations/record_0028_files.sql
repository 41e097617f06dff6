-- A file that many persons may stand in, such as a table or a notice about several, is sealed as a whole by a key of its own, and
-- each of its parts by the key of its person. The whole is destroyed after some days, and the parts stay.

-- When the file came, of one that several parts were made of, once intake is through with it. NULL of every other document: that is
-- its person's, and goes with the person. So is each that came before this column: which of those hold an attachment is sealed, and
-- their parts do not say what the file was called. '-infinity' of one that somebody stood in who was erased: it goes as soon as
-- nothing needs it.
ALTER TABLE record.document ADD COLUMN file_since timestamptz;
CREATE INDEX document_file_since ON record.document (file_since, receipt) WHERE file_since IS NOT NULL;
-- What the sender called the file, by which it is told what became of the part when the file is gone.
ALTER TABLE record.referral ADD COLUMN sealed_source bytea;
ALTER TABLE record.referral ALTER COLUMN sealed_source SET STORAGE EXTERNAL;

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

-- What still needs a document in which several may stand; NULL is nothing.
CREATE FUNCTION record.file_need(of_document uuid) RETURNS text
    LANGUAGE sql
    STABLE
    SET search_path = pg_catalog
AS $$
    SELECT
        CASE
            WHEN submission.state NOT IN ('accepted', 'incomplete', 'rejected') THEN 'unfinished'
            WHEN EXISTS (
                SELECT
                FROM record.work_item
                WHERE work_item.submission = of_document AND work_item.state = 'open'
            ) THEN 'work_item'
            WHEN EXISTS (
                SELECT
                FROM record.referral JOIN record.attachment_file ON attachment_file.referral = referral.id
                WHERE referral.submission = of_document AND attachment_file.file IS NULL
            ) THEN 'attachment'
            WHEN EXISTS (
                SELECT
                FROM record.person AS held
                CROSS JOIN LATERAL record.members(record.survivor(held.id)) AS member (id)
                JOIN record.referral ON referral.person = member.id
                WHERE held.has_legal_hold AND referral.submission = of_document
            ) THEN 'legal_hold'
        END
    FROM record.submission
    WHERE submission.receipt = of_document
$$;

-- Whole files that came before a time, the oldest first, and what still needs each. It tells ids and code words alone, and by the
-- rights of the owner, so that who counts them need not read persons.
CREATE FUNCTION record.files_past(came_before timestamptz) RETURNS TABLE (receipt uuid, needed_for text)
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
    SELECT document.receipt, record.file_need(document.receipt)
    FROM record.document
    WHERE document.file_since <= came_before
    ORDER BY document.file_since, document.receipt
$$;

-- The first file after a place in their order that came before a time and that nothing needs, and whether it is free to go. A free
-- one is the caller's until the caller's transaction ends, and nobody in it comes under a legal hold meanwhile. Nobody is waited
-- for: a file of which somebody holds the submission or a person is not free now.
CREATE FUNCTION record.due_file(came_before timestamptz, after_since timestamptz, after_receipt uuid)
    RETURNS TABLE (since timestamptz, receipt uuid, is_free boolean)
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
DECLARE
    everybody uuid[];
    held integer;
BEGIN
    SELECT document.file_since, document.receipt
    INTO since, receipt
    FROM record.document
    WHERE document.file_since <= came_before
        AND (document.file_since, document.receipt) > (after_since, after_receipt)
        AND record.file_need(document.receipt) IS NULL
    ORDER BY document.file_since, document.receipt
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    is_free := false;
    -- The submission before its persons, as whoever takes messages in.
    PERFORM FROM record.submission WHERE submission.receipt = due_file.receipt FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        everybody := ARRAY (
            SELECT DISTINCT member.id
            FROM record.referral CROSS JOIN LATERAL record.members(record.survivor(referral.person)) AS member (id)
            WHERE referral.submission = due_file.receipt
        );
        PERFORM FROM record.person WHERE person.id = ANY (everybody) ORDER BY person.id FOR SHARE SKIP LOCKED;
        GET DIAGNOSTICS held = ROW_COUNT;
        -- What was committed before the locks were had is seen from here on.
        is_free := held = cardinality(everybody) AND record.file_need(due_file.receipt) IS NULL;
    END IF;
    RETURN NEXT;
END
$$;

REVOKE EXECUTE ON FUNCTION
    record.file_need(uuid), record.files_past(timestamptz), record.due_file(timestamptz, timestamptz, uuid)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.file_need(uuid) TO hub_app;
GRANT EXECUTE ON FUNCTION record.files_past(timestamptz) TO hub_app, hub_audit;
GRANT EXECUTE ON FUNCTION record.due_file(timestamptz, timestamptz, uuid) TO hub_app, hub_retention;
GRANT UPDATE (file_since) ON record.document TO hub_app, hub_worker;

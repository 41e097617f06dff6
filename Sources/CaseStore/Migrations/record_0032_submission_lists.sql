-- Lists of submissions, the newest first. None of this keeps the one update of a submission from being made in place: no index of
-- record.submission may hold its state or its findings, nor ask for them in its WHERE.

-- By sender, by channel, or by both: of each pair the newest are at one place.
CREATE INDEX submission_sender_channel ON record.submission (sender, channel, receipt);

-- What is remarkable about a submission, as words: a state that is not that of most, and the codes of its findings. A submission of
-- which nothing is remarkable has no row here, and costs nothing but the question.
CREATE TABLE record.submission_mark (
    receipt uuid NOT NULL,
    sender text NOT NULL,
    mark text NOT NULL,
    PRIMARY KEY (mark, receipt)
);
CREATE INDEX submission_mark_sender ON record.submission_mark (sender, mark, receipt);

-- By the owner's rights: who stores a submission or works on it has none in the marks.
CREATE FUNCTION record.mark_submission() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
BEGIN
    -- Most bear no mark before they are worked on.
    IF TG_OP = 'UPDATE' AND (OLD.state NOT IN ('received', 'accepted') OR OLD.findings <> '[]') THEN
        DELETE FROM record.submission_mark
        WHERE receipt = OLD.receipt
            AND mark = ANY (
                OLD.state::text || ARRAY (SELECT finding ->> 'code' FROM jsonb_array_elements(OLD.findings) AS finding)
            );
    END IF;
    INSERT INTO record.submission_mark (receipt, sender, mark)
    SELECT NEW.receipt, NEW.sender, NEW.state::text
    WHERE NEW.state NOT IN ('received', 'accepted')
    UNION
    SELECT NEW.receipt, NEW.sender, finding ->> 'code'
    FROM jsonb_array_elements(NEW.findings) AS finding;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION record.mark_submission() FROM PUBLIC;

CREATE TRIGGER submission_marked
    AFTER INSERT ON record.submission
    FOR EACH ROW
    WHEN (NEW.state NOT IN ('received', 'accepted') OR NEW.findings <> '[]')
    EXECUTE FUNCTION record.mark_submission();
CREATE TRIGGER submission_remarked
    AFTER UPDATE OF state, findings ON record.submission
    FOR EACH ROW
    WHEN (
        (OLD.state, OLD.findings) IS DISTINCT FROM (NEW.state, NEW.findings)
        AND (
            OLD.state NOT IN ('received', 'accepted') OR NEW.state NOT IN ('received', 'accepted')
            OR OLD.findings <> '[]' OR NEW.findings <> '[]'
        )
    )
    EXECUTE FUNCTION record.mark_submission();

INSERT INTO record.submission_mark (receipt, sender, mark)
SELECT receipt, sender, state::text
FROM record.submission
WHERE state NOT IN ('received', 'accepted')
UNION
SELECT receipt, sender, finding ->> 'code'
FROM record.submission CROSS JOIN jsonb_array_elements(findings) AS finding
WHERE findings <> '[]';

GRANT SELECT ON record.submission_mark TO hub_app, hub_audit;
-- Staff find a person by what is typed, as matching does: by keyed hashes.
GRANT SELECT ON record.match_key TO hub_console;

-- Dead letters of one cause in the order in which they were set aside: groups are counted out of the index alone, and a
-- page of one group costs the same wherever it stands and however many there are.
CREATE INDEX dead_letter_order ON queue.dead_letter (queue, fingerprint, died_at, id);
DROP INDEX queue.dead_letter_cause;

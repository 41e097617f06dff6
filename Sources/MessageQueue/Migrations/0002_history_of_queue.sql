-- Whose messages a line of the history tells of, so that how one queue fared of late is read without the others' lines: the
-- last success, the last failure, how fast it goes. Lines of before have none, and are found by their messages alone.
ALTER TABLE queue.history ADD COLUMN queue smallint;

-- All lines of an outcome stand in the order in which they came, so each new one goes to the end of its part.
CREATE INDEX history_queue ON queue.history (queue, outcome, ended_at);

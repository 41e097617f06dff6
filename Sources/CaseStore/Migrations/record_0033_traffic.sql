-- How much came from each partner and went through each queue, for the console's picture: the same counts in parts of several
-- lengths, the short ones kept for a short time. Every node adds what it has counted itself every few seconds.
CREATE TYPE record.traffic_event AS ENUM ('received', 'delivered', 'acknowledged', 'retried', 'dead_lettered');

CREATE TABLE record.traffic (
    -- Seconds of the part.
    step integer NOT NULL,
    -- When the part began: a multiple of the step since 1970.
    began_at timestamptz NOT NULL,
    -- A partner's id for what was received and delivered, else a queue's name.
    station text NOT NULL,
    event record.traffic_event NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (step, began_at, station, event)
) WITH (fillfactor = 60);

GRANT SELECT, INSERT, UPDATE, DELETE ON record.traffic TO hub_app;
GRANT SELECT, INSERT, UPDATE (count) ON record.traffic TO hub_worker;
GRANT SELECT ON record.traffic TO hub_audit;
GRANT SELECT, DELETE ON record.traffic TO hub_retention;

CREATE TYPE access.look_kind AS ENUM ('look', 'reveal');
CREATE TYPE access.look_outcome AS ENUM ('card', 'candidates', 'none');

-- A control room's look: written on the node that answered before the answer left, and brought here since. What was asked,
-- by whom and why, is sealed with a key of its own.
CREATE TABLE access.look (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    entered_at timestamptz NOT NULL,
    -- By when a duty officer is to have looked into it.
    review_by timestamptz NOT NULL,
    reviewed_at timestamptz,
    kind access.look_kind NOT NULL,
    outcome access.look_outcome NOT NULL,
    -- Whether it was answered without the database.
    is_offline boolean NOT NULL,
    -- A code was given that had been given for the same incident.
    is_repeated boolean NOT NULL,
    caller text NOT NULL,
    node text NOT NULL,
    reviewed_by text,
    incident_index bytea NOT NULL CHECK (octet_length(incident_index) = 16),
    wrapped_key bytea NOT NULL,
    sealed bytea NOT NULL,
    sealed_note bytea,
    CONSTRAINT reviewed_by_somebody CHECK ((reviewed_at IS NULL) = (reviewed_by IS NULL))
);
CREATE INDEX look_unreviewed ON access.look (review_by) WHERE reviewed_at IS NULL;
CREATE INDEX look_caller ON access.look (caller, at);
CREATE INDEX look_incident ON access.look (incident_index);

-- Whom it told about, and what: the released groups, as names joined by a space.
CREATE TABLE access.looked_at (
    look uuid NOT NULL REFERENCES access.look,
    -- No foreign key: a look may be brought to a database that was restored to before the person.
    person uuid NOT NULL,
    released text NOT NULL,
    -- Why nothing was told; nothing where something was.
    reason text,
    PRIMARY KEY (look, person)
);
CREATE INDEX looked_at_person ON access.looked_at (person);

GRANT SELECT, INSERT, UPDATE ON access.look TO hub_app;
GRANT SELECT, INSERT ON access.looked_at TO hub_app;

-- Under what those are found who may be one person, by keyed hash: two who share none are never compared. It refers to
-- nothing, because that would cost a look for each of a person's rows; they are written with the person.
CREATE TABLE record.match_key (
    key bigint NOT NULL,
    person uuid NOT NULL,
    PRIMARY KEY (key, person)
);

CREATE TYPE record.match_state AS ENUM ('open', 'later', 'same', 'different');

-- Two persons who may be one, and what was decided. A pair is kept once, so that what was decided is not asked again.
CREATE TABLE record.match (
    id uuid PRIMARY KEY,
    -- Whom the message opened, and who was known before.
    person uuid NOT NULL REFERENCES record.person,
    known uuid NOT NULL REFERENCES record.person,
    referral uuid NOT NULL,
    found_at timestamptz NOT NULL,
    decided_at timestamptz,
    state record.match_state NOT NULL DEFAULT 'open',
    -- Why it is asked.
    code text NOT NULL,
    -- In bits; nothing but the order of work rests on it.
    weight real NOT NULL,
    -- The comparison field by field, with the key of `person`.
    sealed_evidence bytea NOT NULL,
    CONSTRAINT two_persons CHECK (person <> known),
    CONSTRAINT decided_unless_open CHECK ((state = 'open') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX match_pair ON record.match (least(person, known), greatest(person, known));
CREATE INDEX match_waiting ON record.match (found_at, id) WHERE state IN ('open', 'later');
CREATE INDEX match_person ON record.match (person);
CREATE INDEX match_known ON record.match (known);

CREATE TYPE record.match_verdict AS ENUM ('same', 'different', 'later', 'undo');

-- Each decision about a pair, in order. It only grows.
CREATE TABLE record.match_decision (
    id uuid PRIMARY KEY,
    match uuid NOT NULL REFERENCES record.match,
    -- Of `same`: whose record was laid into whose; of `undo`: whose was taken out again.
    merged uuid,
    survivor uuid,
    decided_at timestamptz NOT NULL,
    verdict record.match_verdict NOT NULL,
    decided_by text NOT NULL,
    -- Why, in the words of who decided; with the key of the match's `person`.
    sealed_reason bytea
);
CREATE INDEX match_decision_match ON record.match_decision (match);

GRANT SELECT, INSERT ON record.match_key, record.match_decision TO hub_app;
GRANT SELECT, INSERT, UPDATE ON record.match TO hub_app;

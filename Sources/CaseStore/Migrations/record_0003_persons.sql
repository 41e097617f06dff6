CREATE TYPE record.erasure AS ENUM ('requested', 'done');
CREATE TYPE record.care_status AS ENUM ('in_care', 'care_leaver');

-- A person: sealed, and found only through blind indexes. The circumstances below are what the disclosure policy
-- judges by; they are instants, states and code words.
CREATE TABLE record.person (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    -- When the newest message that the profile rests on was sent: an older one that arrives later does not overwrite it.
    profile_at timestamptz NOT NULL,
    support_ended_at timestamptz,
    retention_until timestamptz,
    restricted_at timestamptz,
    deceased_at timestamptz,
    erasure record.erasure,
    care_status record.care_status,
    has_legal_hold boolean NOT NULL DEFAULT false,
    is_in_dfe_programme boolean NOT NULL DEFAULT false,
    has_ipsos_link_consent boolean NOT NULL DEFAULT false,
    objections text[] NOT NULL DEFAULT '{}',
    -- Of a verified NHS number only. The unique key settles two first referrals that arrive at the same moment.
    nhs_index bytea UNIQUE CHECK (octet_length(nhs_index) = 16),
    dob_index bytea CHECK (octet_length(dob_index) = 16),
    -- Who this person was found to be. Nothing is moved by it: whoever reads follows it, and taking it back restores both.
    merged_into uuid REFERENCES record.person CHECK (merged_into <> id),
    merged_at timestamptz,
    sealed_profile bytea NOT NULL,
    -- What the person is recognised by, of all messages, in the form in which it is compared.
    sealed_fingerprint bytea NOT NULL,
    CONSTRAINT merged_has_time CHECK ((merged_into IS NULL) = (merged_at IS NULL))
);
ALTER TABLE record.person ALTER COLUMN sealed_profile SET STORAGE EXTERNAL;
ALTER TABLE record.person ALTER COLUMN sealed_fingerprint SET STORAGE EXTERNAL;
CREATE INDEX person_merged_into ON record.person (merged_into) WHERE merged_into IS NOT NULL;

-- Who somebody was found to be in the end, over as many steps as there are.
CREATE FUNCTION record.survivor(of_person uuid) RETURNS uuid
    LANGUAGE sql
    STABLE
    SET search_path = pg_catalog
AS $$
    WITH RECURSIVE line AS (
        SELECT id, merged_into FROM record.person WHERE id = of_person
        UNION
        SELECT person.id, person.merged_into FROM line JOIN record.person ON person.id = line.merged_into
    )
    SELECT id FROM line WHERE merged_into IS NULL
$$;

-- Somebody and all who were found to be them.
CREATE FUNCTION record.members(of_person uuid) RETURNS SETOF uuid
    LANGUAGE sql
    STABLE
    ROWS 1
    SET search_path = pg_catalog
AS $$
    WITH RECURSIVE member AS (
        SELECT of_person AS id
        UNION
        SELECT person.id FROM member JOIN record.person ON person.merged_into = member.id
    )
    SELECT id FROM member
$$;

-- The person's data key, wrapped. In a table of its own so that it can be backed up apart from the data; deleting the
-- row makes all that is sealed for the person unreadable.
CREATE TABLE record.person_key (
    person uuid PRIMARY KEY REFERENCES record.person,
    made_at timestamptz NOT NULL,
    wrapped_key bytea NOT NULL
);

-- Every identifier that was ever given for a person, verified or not, by blind index: for exact search, and to notice
-- that two persons may be one.
CREATE TABLE record.person_identifier (
    person uuid NOT NULL REFERENCES record.person,
    is_verified boolean NOT NULL,
    value_index bytea NOT NULL CHECK (octet_length(value_index) = 16),
    PRIMARY KEY (value_index, person)
);
CREATE INDEX person_identifier_person ON record.person_identifier (person);

CREATE TYPE record.case_state AS ENUM ('open', 'taken_on', 'not_taken_on', 'closed');

CREATE TABLE record.case_file (
    id uuid PRIMARY KEY,
    person uuid NOT NULL REFERENCES record.person,
    opened_at timestamptz NOT NULL,
    ended_at timestamptz,
    state record.case_state NOT NULL DEFAULT 'open',
    ending_code text,
    CONSTRAINT ended_when_over CHECK ((state IN ('not_taken_on', 'closed')) = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX case_file_one_open ON record.case_file (person) WHERE ended_at IS NULL;
CREATE INDEX case_file_person ON record.case_file (person);

CREATE TYPE record.referral_type AS ENUM ('referral', 'update', 'withdrawal', 'outcome', 'notice');
CREATE TYPE record.referral_state AS ENUM ('accepted', 'incomplete', 'withdrawn');
CREATE TYPE record.urgency AS ENUM ('routine', 'soon', 'urgent', 'emergency');

-- One message about one person, as it was understood, sealed with the person's key.
CREATE TABLE record.referral (
    id uuid PRIMARY KEY,
    person uuid NOT NULL REFERENCES record.person,
    case_file uuid REFERENCES record.case_file,
    submission uuid NOT NULL REFERENCES record.submission,
    -- The earlier message of the same sender that this one answers.
    answers uuid REFERENCES record.referral,
    -- The first message of those that answer one another: the referral that all of them are about. Itself when it
    -- answers none.
    thread uuid NOT NULL REFERENCES record.referral,
    received_at timestamptz NOT NULL,
    sent_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    ordinal integer NOT NULL CHECK (ordinal >= 0),
    type record.referral_type NOT NULL,
    state record.referral_state NOT NULL,
    urgency record.urgency,
    sender text NOT NULL,
    source_code text,
    source_kind text,
    message_index bytea CHECK (octet_length(message_index) = 16),
    -- Of the sender's own number for the referral, by which later messages may name it.
    number_index bytea CHECK (octet_length(number_index) = 16),
    sealed bytea NOT NULL,
    -- Where each of its values stood in the document, and what was done to it.
    sealed_provenance bytea,
    -- Storing a submission a second time stores nothing.
    UNIQUE (submission, ordinal),
    CONSTRAINT withdrawn_has_time CHECK ((state = 'withdrawn') = (withdrawn_at IS NOT NULL))
);
ALTER TABLE record.referral ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE record.referral ALTER COLUMN sealed_provenance SET STORAGE EXTERNAL;
CREATE INDEX referral_person ON record.referral (person, id);
CREATE INDEX referral_message ON record.referral (sender, message_index) WHERE message_index IS NOT NULL;
CREATE INDEX referral_number ON record.referral (sender, number_index) WHERE number_index IS NOT NULL;
CREATE INDEX referral_thread ON record.referral (thread) WHERE thread <> id;

GRANT SELECT, INSERT, UPDATE ON record.person, record.case_file, record.referral TO hub_app;
GRANT SELECT, INSERT, DELETE ON record.person_key TO hub_app;
GRANT SELECT, INSERT, UPDATE (is_verified) ON record.person_identifier TO hub_app;

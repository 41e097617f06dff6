-- What a recipient may be given extracts for: research, evaluation or planning under one heading. Pseudonyms are the same
-- within it and unrelated between two. It is entered once and never changed.
CREATE TABLE record.extract_project (
    recipient text NOT NULL,
    id text NOT NULL CHECK (id ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    added_at timestamptz NOT NULL,
    -- The first and the last day on which extracts may be made, and the day by which the recipient has destroyed them.
    starts date NOT NULL,
    ends date NOT NULL,
    destroy_by date NOT NULL,
    purpose text NOT NULL,
    level text NOT NULL,
    channel text NOT NULL,
    groups text[] NOT NULL,
    -- Where the recipient's signed undertakings are filed.
    undertakings text,
    why_identifiable text,
    added_by text NOT NULL,
    PRIMARY KEY (recipient, id),
    CONSTRAINT dates_in_order CHECK (starts <= ends AND ends <= destroy_by)
);

-- The keys by which pseudonyms are made, each sealed with a data key of its own. In a table of its own so that it can be
-- backed up apart from the data, as record.person_key; no key is ever sent.
CREATE TABLE record.pseudonym_key (
    id uuid PRIMARY KEY,
    made_at timestamptz NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    recipient text NOT NULL,
    project text NOT NULL,
    -- Of a key that is for one extract alone, so that its pseudonyms cannot be joined with any others.
    extract uuid UNIQUE,
    wrapped_key bytea NOT NULL,
    sealed_secret bytea NOT NULL,
    FOREIGN KEY (recipient, project) REFERENCES record.extract_project
);
CREATE UNIQUE INDEX pseudonym_key_version ON record.pseudonym_key (recipient, project, version) WHERE extract IS NULL;

-- Each extract that was asked for, released or refused. Counts and code words only.
CREATE TABLE record.extract (
    id uuid PRIMARY KEY,
    -- The ledger's entry of the release, or of the refusal.
    entry uuid NOT NULL,
    project_key uuid REFERENCES record.pseudonym_key,
    own_key uuid REFERENCES record.pseudonym_key,
    made_at timestamptz NOT NULL,
    -- First referrals of these days only.
    referred_from date,
    referred_until date,
    -- Persons whom it is about; nothing where it was refused before anybody was looked at.
    cohort integer,
    row_count integer,
    k integer,
    recipient text NOT NULL,
    project text NOT NULL,
    level text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    policy_version text NOT NULL,
    made_by text NOT NULL,
    released text[] NOT NULL DEFAULT '{}',
    -- How many persons were left out, by reason. It stays in the hub: the recipient is not told.
    excluded jsonb NOT NULL DEFAULT '{}',
    -- What the decision about the whole was taken on; it names nobody.
    facts jsonb NOT NULL,
    -- SHA-256 of the table's file.
    bytes_hash bytea CHECK (octet_length(bytes_hash) = 32),
    -- Of rows: the day on which ages were taken, and how finely area, age (years in a band) and sex are told. Later rows for
    -- the recipient have the same day and tell nothing more finely.
    ages_on date,
    row_area text CHECK (row_area IN ('lsoa', 'ward')),
    row_age_width integer CHECK (row_age_width > 0),
    has_sex boolean,
    FOREIGN KEY (recipient, project) REFERENCES record.extract_project,
    CONSTRAINT released_has_bytes CHECK ((bytes_hash IS NOT NULL) = (outcome IN ('PERMIT', 'PERMIT_REDUCED'))),
    CONSTRAINT released_has_rows CHECK (bytes_hash IS NULL OR num_nonnulls(cohort, row_count) = 2),
    CONSTRAINT rows_have_step CHECK ((ages_on IS NOT NULL) = (bytes_hash IS NOT NULL AND k IS NOT NULL)
        AND (ages_on IS NOT NULL) = (has_sex IS NOT NULL))
);
CREATE INDEX extract_recipient ON record.extract (recipient, id);

-- Who is behind the figures of a release: keyed numbers of persons, sealed. A later release to the same recipient is held
-- against them, so that no two can be subtracted.
CREATE TABLE record.extract_population (
    extract uuid PRIMARY KEY REFERENCES record.extract,
    wrapped_key bytea NOT NULL,
    sealed bytea NOT NULL
);

GRANT SELECT, INSERT ON
    record.extract_project, record.pseudonym_key, record.extract, record.extract_population
TO hub_app;

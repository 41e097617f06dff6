-- What a share rests on besides an agreement, as its asker stated it: ids and code words.
ALTER TABLE record.share
    ADD COLUMN authority_ref text,
    ADD COLUMN ordered text[] NOT NULL DEFAULT '{}',
    ADD COLUMN is_public_body boolean NOT NULL DEFAULT false;

CREATE TYPE record.approval_role AS ENUM ('officer', 'dpo', 'ig', 'second');

-- A named person let a share go on, or not, on which the policy lets only a person decide.
CREATE TABLE record.share_approval (
    share uuid NOT NULL REFERENCES record.share,
    at timestamptz NOT NULL,
    is_approved boolean NOT NULL,
    role record.approval_role NOT NULL,
    -- An id, as the staff system knows the person.
    approver text NOT NULL,
    -- The restriction of the person's record that was in force when the answer was given: it is an answer to that one.
    restricted_at timestamptz,
    -- Name and reason, sealed with the key of the person whom the share is about.
    sealed_reason bytea NOT NULL,
    PRIMARY KEY (share, at, approver)
);

GRANT SELECT, INSERT ON record.share_approval TO hub_app;

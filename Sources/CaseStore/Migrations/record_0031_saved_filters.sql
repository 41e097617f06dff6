-- A list of messages that somebody comes back to, as the part of its address after the `?`: ids, states, days and code words.
CREATE TABLE record.saved_filter (
    id uuid PRIMARY KEY,
    owner text NOT NULL REFERENCES record.staff_account,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Whether everybody who may open the list is offered it.
    is_shared boolean NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 60),
    query text NOT NULL CHECK (octet_length(query) <= 1000),
    UNIQUE (owner, name)
);
CREATE INDEX saved_filter_shared ON record.saved_filter (created_at) WHERE is_shared;

GRANT SELECT, INSERT, DELETE ON record.saved_filter TO hub_app, hub_console;

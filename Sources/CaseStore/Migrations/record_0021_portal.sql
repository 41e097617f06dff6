-- Documents that wait in the portal until a named person fetches them, once.
CREATE TABLE record.portal_document (
    share      uuid PRIMARY KEY REFERENCES record.share,
    laid_at    timestamptz NOT NULL,
    fetched_at timestamptz,
    fetched_by text,
    file_name  text NOT NULL,
    media_type text NOT NULL,
    -- Under the person's key. Gone once it was fetched, or taken back.
    sealed     bytea,
    CONSTRAINT fetched_by_somebody CHECK ((fetched_at IS NULL) = (fetched_by IS NULL)),
    CONSTRAINT fetched_once CHECK (fetched_at IS NULL OR sealed IS NULL)
);
-- Sealed bytes do not compress.
ALTER TABLE record.portal_document ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX portal_document_waiting ON record.portal_document (laid_at, share) WHERE sealed IS NOT NULL;

-- Whether who asked for a share had made sure that it goes to the person, or to somebody who is proven to act for them.
ALTER TABLE record.share ADD COLUMN is_identity_verified boolean NOT NULL DEFAULT false;

GRANT SELECT, INSERT, UPDATE ON record.portal_document TO hub_app;

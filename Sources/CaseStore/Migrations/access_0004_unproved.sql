-- Whether it was asked by somebody whose name nobody could prove, since the database was away.
ALTER TABLE access.look ADD COLUMN is_unproved boolean NOT NULL DEFAULT false;
ALTER TABLE access.look ALTER COLUMN is_unproved DROP DEFAULT;

-- Whether it was asked by somebody whose name nothing proves, since nobody could be signed in. The default serves nodes that do
-- not know of it yet.
ALTER TABLE access.look ADD COLUMN is_unproved boolean NOT NULL DEFAULT false;

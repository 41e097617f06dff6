-- Privacy officers are told when somebody is let in to what is known of persons.
ALTER TYPE record.work_item_kind ADD VALUE 'given_access';
-- The account that it is about, and who did what it tells of.
ALTER TABLE record.work_item
    ADD COLUMN account text REFERENCES record.staff_account,
    ADD COLUMN actor text;

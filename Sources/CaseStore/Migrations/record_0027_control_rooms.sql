-- An account of somebody in a control room that has no system of its own to ask by: it has no role, and opens that room's page
-- alone.
ALTER TABLE record.staff_account ADD COLUMN control_room text REFERENCES record.partner;
ALTER TABLE record.staff_account DROP CONSTRAINT staff_account_roles_check;
ALTER TABLE record.staff_account
    ADD CONSTRAINT role_or_control_room CHECK ((cardinality(roles) = 0) = (control_room IS NOT NULL)),
    ADD CONSTRAINT control_room_known_here CHECK (control_room IS NULL OR subject_hash IS NULL);

ALTER TYPE record.work_item_kind ADD VALUE 'emergency_look';
ALTER TYPE record.work_item_kind ADD VALUE 'emergency_alarm';

-- The look of a control room that an item is about.
ALTER TABLE record.work_item ADD COLUMN look uuid;
CREATE UNIQUE INDEX work_item_look ON record.work_item (look) WHERE look IS NOT NULL;

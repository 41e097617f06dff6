-- The order in which open work items are listed, page by page, however many there are: those due first, then the oldest.
CREATE INDEX work_item_order ON record.work_item (coalesce(due_at, 'infinity'), created_at, id) WHERE state = 'open';

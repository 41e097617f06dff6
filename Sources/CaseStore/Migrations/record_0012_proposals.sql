ALTER TYPE record.work_item_kind ADD VALUE 'proposed_share';

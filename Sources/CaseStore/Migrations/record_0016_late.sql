ALTER TYPE record.work_item_kind ADD VALUE 'late_acknowledgement';
ALTER TYPE record.work_item_kind ADD VALUE 'refused_share';

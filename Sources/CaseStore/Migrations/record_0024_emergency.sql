ALTER TYPE record.work_item_kind ADD VALUE 'emergency_alarm';

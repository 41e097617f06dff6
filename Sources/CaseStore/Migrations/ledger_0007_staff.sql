ALTER TYPE ledger.kind ADD VALUE 'staff_changed';

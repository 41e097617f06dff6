ALTER TYPE ledger.kind ADD VALUE 'queue_changed';

ALTER TYPE ledger.kind ADD VALUE 'share_approved';
ALTER TYPE ledger.kind ADD VALUE 'share_not_approved';
ALTER TYPE ledger.kind ADD VALUE 'circumstances_changed';

ALTER TYPE ledger.kind ADD VALUE 'access_card_changed';
ALTER TYPE ledger.kind ADD VALUE 'emergency_look';

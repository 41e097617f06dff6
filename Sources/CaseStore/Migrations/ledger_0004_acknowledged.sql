ALTER TYPE ledger.kind ADD VALUE 'share_acknowledged';

ALTER TYPE ledger.kind ADD VALUE 'referral_outcome';

-- The referrals of a submission are listed in the order of the index that finds them.
GRANT SELECT (ordinal) ON record.referral TO hub_audit;

-- Whoever changes something in Settings must still be signed in, and allowed to, when it is done. This tells by the owner's rights whose
-- a session is and what roles they have, and keeps the session from being ended until the transaction is over: so that who changes
-- partners need not read sessions or accounts. Whatever takes a right away ends the account's sessions in the same transaction.
CREATE FUNCTION record.hold_session(session_hash bytea, opened_after timestamptz, seen_after timestamptz)
    RETURNS TABLE (id text, roles text[])
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
    SELECT holder.id, holder.roles::text[]
    FROM record.staff_session AS session JOIN record.staff_account AS holder ON holder.id = session.account
    WHERE session.id_hash = session_hash
        AND session.opened_at > opened_after
        AND session.seen_at > seen_after
        AND holder.is_enabled
    -- Another page of the same session, which notes when it was seen, does not wait for this.
    FOR KEY SHARE OF session
$$;
REVOKE EXECUTE ON FUNCTION record.hold_session(bytea, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record.hold_session(bytea, timestamptz, timestamptz) TO hub_app, hub_console, hub_partners;

-- A role for partners and their credentials, as the console shows and changes them: made and taken as those of 0002.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_partners') THEN
        CREATE ROLE hub_partners NOLOGIN NOINHERIT;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

DO $$
DECLARE
    has_options boolean := current_setting('server_version_num')::integer >= 160000;
BEGIN
    IF NOT pg_has_role(current_user, 'hub_partners', CASE WHEN has_options THEN 'SET' ELSE 'MEMBER' END) THEN
        EXECUTE format(
            'GRANT hub_partners TO CURRENT_USER %s', CASE WHEN has_options THEN 'WITH INHERIT FALSE, SET TRUE' END);
    END IF;
END
$$;

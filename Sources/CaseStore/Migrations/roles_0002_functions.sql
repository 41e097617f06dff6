-- A role for each function of the hub. None owns anything, none is a member of another; connections take the one that is
-- wanted with SET ROLE. They belong to the cluster, so another database may make one at the same moment.
DO $$
DECLARE
    function name;
BEGIN
    FOREACH function IN ARRAY ARRAY[
        'hub_serve', 'hub_ingest', 'hub_worker', 'hub_emergency', 'hub_console', 'hub_audit', 'hub_retention'
    ]::name[] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = function) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', function);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
END
$$;

-- Whoever logs in is to be able to take each, and to have none of their rights before; it owns the schema as it is. Up to
-- version 15 inheriting is an attribute of the role that logs in, from 16 on of each membership.
DO $$
DECLARE
    function name;
    has_options boolean := current_setting('server_version_num')::integer >= 160000;
BEGIN
    FOREACH function IN ARRAY ARRAY[
        'hub_serve', 'hub_ingest', 'hub_worker', 'hub_emergency', 'hub_console', 'hub_audit', 'hub_retention'
    ]::name[] LOOP
        IF NOT pg_has_role(current_user, function, CASE WHEN has_options THEN 'SET' ELSE 'MEMBER' END) THEN
            EXECUTE format(
                'GRANT %I TO CURRENT_USER %s', function, CASE WHEN has_options THEN 'WITH INHERIT FALSE, SET TRUE' END);
        END IF;
    END LOOP;
END
$$;

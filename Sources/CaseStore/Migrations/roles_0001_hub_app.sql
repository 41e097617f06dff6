-- The role that the hub works as: it owns nothing, and each migration grants it what its tables need.
-- The migrations run as the owner; the hub's connections take this role with SET ROLE.
-- Roles belong to the cluster, so another database may make it at the same moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_app') THEN
        CREATE ROLE hub_app NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

-- A superuser may take any role; another owner must be a member first.
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'hub_app', 'MEMBER') THEN
        GRANT hub_app TO CURRENT_USER;
    END IF;
END
$$;

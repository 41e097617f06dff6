-- As before, by joins that look each card up: to ask of each person whether any card is theirs takes as many steps as persons times
-- cards, which with some thousands of cards is longer than a statement may take.
CREATE OR REPLACE FUNCTION access.told_cards(survivors uuid[])
    RETURNS TABLE (survivor uuid, person uuid, sealed bytea, wrapped_key bytea)
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
    SELECT asked.survivor, card.person, card.sealed, person_key.wrapped_key
    FROM unnest(survivors) AS asked (survivor)
    CROSS JOIN LATERAL (
        SELECT card.person, card.sealed
        FROM record.members(asked.survivor) AS member (id) JOIN access.card ON card.person = member.id
        WHERE NOT card.is_removed
        ORDER BY card.saved_at DESC, card.person
        LIMIT 1
    ) AS card
    JOIN record.person_key ON person_key.person = card.person
$$;

CREATE OR REPLACE FUNCTION access.told_persons(survivors uuid[])
    RETURNS TABLE (
        id uuid, support_ended_at timestamptz, retention_until timestamptz, restricted_at timestamptz,
        deceased_at timestamptz, erasure record.erasure, care_status record.care_status, has_legal_hold boolean,
        is_in_dfe_programme boolean, has_ipsos_link_consent boolean, objections text[], sealed_profile bytea,
        wrapped_key bytea, merged_into uuid
    )
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog
AS $$
    SELECT
        person.id, person.support_ended_at, person.retention_until, person.restricted_at, person.deceased_at,
        person.erasure, person.care_status, person.has_legal_hold, person.is_in_dfe_programme,
        person.has_ipsos_link_consent, person.objections, person.sealed_profile, person_key.wrapped_key,
        person.merged_into
    FROM record.person LEFT JOIN record.person_key ON person_key.person = person.id
    WHERE person.id = ANY (survivors)
        AND EXISTS (
            SELECT
            FROM record.members(person.id) AS member (id) JOIN access.card ON card.person = member.id
            WHERE NOT card.is_removed
        )
    ORDER BY person.id
$$;

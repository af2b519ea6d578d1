-- The queries of database_checks.py; any role of ours.

-- name: view_role
-- Attributes are not inherited, but a member may take them on by SET ROLE.
select
    current_user as login,
    exists (
        select from pg_catalog.pg_roles as r
        where r.rolsuper and pg_has_role(current_user, r.oid, 'member')
    ) as is_superuser,
    exists (
        select from pg_catalog.pg_roles as r
        where r.rolbypassrls and pg_has_role(current_user, r.oid, 'member')
    ) as passes_rls,
    exists (
        select from pg_catalog.pg_roles as r
        where r.rolname = %(role)s and pg_has_role(current_user, r.oid, 'usage')
    ) as is_member,
    coalesce((
        select array_agg(r.rolname::text order by r.rolname)
        from pg_catalog.pg_roles as r
        where r.rolname = any(%(others)s) and pg_has_role(current_user, r.oid, 'member')
    ), '{}') as others;

-- name: read_clock
select clock_timestamp();

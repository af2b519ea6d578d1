-- migrate:up
set local role crmhub_owner;

-- Unless the path names the caller's temporary schema, last, types are looked for there first of all (PostgreSQL:
-- CREATE FUNCTION, writing security definer functions safely): with an empty path, a temporary domain named uuid
-- had its check run with the owner's rights. Triggers and checks as well: they run within functions of that kind.
do $$
declare
    signature text;
begin
    for signature in
        select p.oid::regprocedure::text
        from pg_catalog.pg_proc as p
        where p.pronamespace = 'crmhub'::regnamespace and p.proconfig = array['search_path=""']
    loop
        execute format('alter function %s set search_path = pg_catalog, pg_temp', signature);
    end loop;
end
$$;

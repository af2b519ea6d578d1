-- migrate:up

-- Group roles. Logins are made for them by `crmhub roles`, so that passwords stay out of migrations.
-- Roles belong to the whole server: another database of it may have made them already.
do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'crmhub_owner',        -- owns everything here; nobody logs in as it
        'crmhub_loader',       -- the target: canonical rows of one organisation
        'crmhub_state',        -- the state backend: the state of one connection
        'crmhub_orchestrator', -- connections, runs and secrets of all organisations
        'crmhub_reader'        -- analysts and applications: canonical rows of one organisation, to read
    ] loop
        if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
            begin
                execute format('create role %I nologin nosuperuser nobypassrls', role_name);
            exception
                when duplicate_object or unique_violation then
                    null; -- another database's migration was faster
            end;
        end if;
    end loop;
    -- Who migrates acts as the owner from here on; a superuser may do so anyway.
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        begin
            execute format('grant crmhub_owner to %I', current_user);
        exception
            when insufficient_privilege then
                null; -- another role made the owner: who is no member of it fails at `set role`
        end;
    end if;
end
$$;

-- Schema and record of migrations were made by the runner; here they get owner and rights.
alter schema crmhub owner to crmhub_owner;
alter table crmhub.schema_migrations owner to crmhub_owner;

comment on schema crmhub is 'CRM Hub: canonical CRM data per organisation, and what keeps it fresh.';

set local role crmhub_owner;

grant usage on schema crmhub to crmhub_loader, crmhub_state, crmhub_orchestrator, crmhub_reader;
-- No default privileges: a new table is closed until its migration opens it.

alter table crmhub.schema_migrations enable row level security;
alter table crmhub.schema_migrations force row level security;
create policy "migrations are no secret" on crmhub.schema_migrations for select using (true);
create policy "the owner records migrations" on crmhub.schema_migrations to crmhub_owner using (true) with check (true);
-- Every role may see which migrations are in, so that it can say what is missing.
grant select on crmhub.schema_migrations to crmhub_loader, crmhub_state, crmhub_orchestrator, crmhub_reader;

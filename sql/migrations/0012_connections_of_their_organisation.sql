-- migrate:up
set local role crmhub_owner;

-- The connections that belong to the organisation set. The policies below ask it, so that whoever
-- writes rows needs no right to read source_connections.
create function crmhub.connections_of_organisation() returns setof uuid
language sql stable security definer
set search_path = ''
begin atomic
    select c.id
    from crmhub.source_connections as c
    where c.org_id = nullif(current_setting('crmhub.org_id', true), '')::uuid;
end;
comment on function crmhub.connections_of_organisation() is
    'The ids of the connections of the organisation that is set; policies ask it.';
revoke execute on function crmhub.connections_of_organisation() from public;
-- Who reads or only deletes has no use for it: a policy asks it of rows that are written.
grant execute on function crmhub.connections_of_organisation() to crmhub_loader;

-- A row may be written only under a connection of its own organisation. `in (select …)` asks once a
-- statement and compares by hash; a foreign key would ask for each row.
do $$
declare
    table_name text;
begin
    foreach table_name in array array[
        'crm_contacts', 'crm_deals', 'crm_deal_contacts', 'crm_pipelines', 'crm_pipeline_stages',
        'crm_owners', 'crm_pipeline_totals', 'full_pass_seen', 'full_pass_activated', 'set_reads'
    ] loop
        execute format(
            $policy$
            alter policy "own organisation only" on crmhub.%I
                with check (
                    org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid)
                    and connection_id in (select crmhub.connections_of_organisation())
                )
            $policy$,
            table_name
        );
    end loop;
end
$$;

-- As before, and for the organisation that is set alone: nobody leaves a fingerprint for another one.
create or replace function crmhub.check_pii_fingerprint(
    p_org_id uuid, p_hash_version smallint, p_fingerprint bytea
) returns void
language plpgsql security definer
set search_path = ''
as $$
begin
    if p_org_id is distinct from nullif(pg_catalog.current_setting('crmhub.org_id', true), '')::uuid then
        raise exception 'this organisation is not the one that is set' using errcode = 'CH001';
    end if;
    insert into crmhub.pii_fingerprints (org_id, hash_version, fingerprint)
    values (p_org_id, p_hash_version, p_fingerprint)
    on conflict do nothing;
    perform from crmhub.pii_fingerprints
    where org_id = p_org_id and hash_version = p_hash_version and fingerprint = p_fingerprint;
    if not found then
        raise exception 'the pseudonyms of this organisation were made with another salt' using errcode = 'CH003';
    end if;
end
$$;

-- migrate:up
set local role crmhub_owner;

-- Whoever disconnects an account may ask for its rows to go; they go in portions, and this says that
-- some may be left. Null again when none is.
alter table crmhub.source_connections add column erase_requested_at timestamptz;
create index source_connections_erasing on crmhub.source_connections (erase_requested_at)
    where erase_requested_at is not null;

-- Deletes up to `p_rows` rows of one canonical table of a disconnected connection whose rows are to go, and
-- says how many; 0: there are none left. Security definer, because no role that serves people may delete
-- canonical rows: crmhub_orchestrator has none of them, crmhub_reader changes nothing, and a login of
-- crmhub_loader in the web process could write every organisation's. By this function it can only end what
-- an admin has asked to be ended, and reads nothing.
create function crmhub.erase_disconnected(p_org_id uuid, p_connection_id uuid, p_rows integer) returns bigint
language plpgsql security definer
set search_path = ''
as $$
declare
    organisation_before text := pg_catalog.current_setting('crmhub.org_id', true);
    table_name text;
    deleted bigint := 0;
begin
    -- Held until the end: who connects the account again comes before this portion or after it.
    perform from crmhub.source_connections
    where org_id = p_org_id and id = p_connection_id
        and status = 'disconnected' and erase_requested_at is not null
    for no key update;
    if not found then
        return 0;
    end if;
    -- The policies let even the owner see one organisation at a time.
    perform pg_catalog.set_config('crmhub.org_id', p_org_id::text, true);
    -- What the target may write, and nothing else, stands under this policy: a table that comes later too.
    for table_name in
        select c.relname
        from pg_catalog.pg_policy as p
        join pg_catalog.pg_class as c on c.oid = p.polrelid
        where p.polname = 'own organisation only' and c.relnamespace = 'crmhub'::regnamespace
        order by c.relname
    loop
        execute pg_catalog.format(
            'delete from crmhub.%1$I where ctid = any (array('
            'select t.ctid from crmhub.%1$I as t where t.org_id = $1 and t.connection_id = $2 limit $3))',
            table_name
        ) using p_org_id, p_connection_id, p_rows;
        get diagnostics deleted = row_count;
        exit when deleted > 0;
    end loop;
    perform pg_catalog.set_config('crmhub.org_id', coalesce(organisation_before, ''), true);
    if deleted = 0 then
        update crmhub.source_connections set erase_requested_at = null
        where org_id = p_org_id and id = p_connection_id;
    end if;
    return deleted;
end
$$;
comment on function crmhub.erase_disconnected(uuid, uuid, integer) is
    'Deletes a portion of the rows of a disconnected connection that an admin wants erased; says how many.';
revoke execute on function crmhub.erase_disconnected(uuid, uuid, integer) from public;
grant execute on function crmhub.erase_disconnected(uuid, uuid, integer) to crmhub_orchestrator;
-- crmhub_loader, crmhub_state, crmhub_reader: nothing. Nobody asks them to disconnect anything.

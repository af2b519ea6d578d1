-- migrate:up
set local role crmhub_owner;

-- Called by the target before it writes anything: it is known which account of the provider the connection is of,
-- so the source could prove that it reads that one.
create function crmhub.check_account_known(p_org_id uuid, p_connection_id uuid) returns void
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from crmhub.source_connections
    where id = p_connection_id and org_id = p_org_id and external_account_id is not null;
    if not found then
        raise exception 'the account of this connection is not known' using errcode = 'CH004';
    end if;
end
$$;
comment on function crmhub.check_account_known(uuid, uuid) is
    'Raises CH004 unless the connection is of the organisation and its account is known.';
revoke execute on function crmhub.check_account_known(uuid, uuid) from public;
grant execute on function crmhub.check_account_known(uuid, uuid) to crmhub_loader;

-- The queries of store.py; role crmhub_orchestrator.

-- name: keep_secret
-- A secret that is there already is replaced: the newest one counts.
insert into crmhub.secrets_provider (org_id, connection_id, name, ciphertext, renew_after)
values (
    %(org_id)s, %(connection_id)s, %(name)s, %(ciphertext)s,
    clock_timestamp() + make_interval(secs => %(renew_in_seconds)s)
)
on conflict on constraint secrets_provider_name_once do update
set ciphertext = excluded.ciphertext, renew_after = excluded.renew_after;

-- name: has_secrets
select exists (select from crmhub.secrets_provider where connection_id = %(connection_id)s);

-- name: find_secret
select
    org_id, ciphertext,
    extract(epoch from renew_after - clock_timestamp())::float8 as renew_in_seconds
from crmhub.secrets_provider
where connection_id = %(connection_id)s and name = %(name)s;

-- name: hold_secret
-- As find_secret; nobody else changes the row before this transaction ends.
select
    org_id, ciphertext,
    extract(epoch from renew_after - clock_timestamp())::float8 as renew_in_seconds
from crmhub.secrets_provider
where connection_id = %(connection_id)s and name = %(name)s
for update;

-- name: forget_others
delete from crmhub.secrets_provider where connection_id = %(connection_id)s and name <> %(name)s;

-- name: forget_secrets
delete from crmhub.secrets_provider where connection_id = %(connection_id)s;

-- name: rows_by_key
-- Version and key id stand in front of what is sealed.
select encode(substring(ciphertext from 2 for 4), 'hex') as key_id, count(*) as secrets
from crmhub.secrets_provider
group by 1
order by 1;

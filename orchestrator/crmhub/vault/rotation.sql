-- The queries of rotation.py; role crmhub_orchestrator.

-- name: count_remaining
select count(*) from crmhub.secrets_provider
where substring(ciphertext from 1 for 5) <> %(header)s;

-- name: take_batch
-- In the order of the primary key, so that each row is looked at once. A row in use is left for later.
select id, org_id, connection_id, name, ciphertext
from crmhub.secrets_provider
where id > %(after)s and substring(ciphertext from 1 for 5) <> %(header)s
order by id
limit %(rows)s
for update skip locked;

-- name: list_remaining
select id from crmhub.secrets_provider
where substring(ciphertext from 1 for 5) <> %(header)s
order by id;

-- name: take_one
-- Waits for who uses the row; if that one has sealed it anew, nothing is left to do.
select id, org_id, connection_id, name, ciphertext
from crmhub.secrets_provider
where id = %(id)s and substring(ciphertext from 1 for 5) <> %(header)s
for update;

-- name: store_batch
-- Only over what was read: never an older secret over a newer one, whoever locks what.
update crmhub.secrets_provider as stored
set ciphertext = resealed.new
from unnest(%(ids)s::uuid[], %(old)s::bytea[], %(new)s::bytea[]) as resealed (id, old, new)
where stored.id = resealed.id and stored.ciphertext = resealed.old;

-- What an index costs whoever loads: the rows of a table, loaded again and again with other indexes.

-- name: stage_rows
-- The rows as loaders bring them: organisation after organisation a batch of each, in the order of the key.
create unlogged table staged as
select
    numbered.*, (place - 1) / {batch_rows} as batch
from (
    select stored.*, row_number() over (partition by org_id order by {key}) as place
    from {table} as stored
) as numbered;

-- name: index_staged
create index on staged (batch, org_id, {key});

-- name: find_batches
select batch, org_id from staged group by batch, org_id order by batch, org_id;

-- name: empty
truncate {table};

-- name: load_batch
-- As the target does, but for the columns that it compares.
insert into {table} ({columns})
select {columns} from staged
where batch = %(batch)s and org_id = %(org_id)s
order by {key}
on conflict do nothing;

-- name: find_indexes
-- Those that are no key, with what makes them again.
select relname as name, pg_get_indexdef(indexrelid) as definition
from pg_index join pg_class on oid = indexrelid
where indrelid = %(table)s::regclass and not indisunique
order by relname;

-- name: find_columns
select attname as name from pg_attribute
where attrelid = %(table)s::regclass and attnum > 0 and not attisdropped
order by attnum;

-- name: find_written
select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0');

-- The statements of sessions and of writing; sweep.sql has those of a full pass's end, totals.sql those of the
-- totals. Words in braces are identifiers from the mapping file, put in by psycopg.sql; words in %( )s are
-- parameters. Row-level security holds each of them to one organisation; org_id stands in the conditions too, for
-- the indexes.
--
-- The tables may be a minute old and without statistics, when the planner takes every condition for rare and
-- joins without an index, row by row. So what has to be looked up by key is a scalar subquery over the whole
-- key, or stands in an incoming table with an index: either way the worst plan is still linear.

-- name: inspect_database
-- Whether this is a migrated database and the login one that row-level security binds.
select
    to_regnamespace('crmhub') is not null as has_schema,
    (select rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = current_user) as bypasses_rls,
    (
        select pg_has_role(current_user, oid, 'usage')
        from pg_catalog.pg_roles where rolname = 'crmhub_loader'
    ) as is_loader;

-- name: inspect_columns
-- The columns of our tables, to compare with the mapping and to send them in their own types.
select relation.relname as table_name, attribute.attname as column_name, attribute.atttypid as type_oid
from pg_catalog.pg_attribute as attribute
join pg_catalog.pg_class as relation on relation.oid = attribute.attrelid
where relation.relnamespace = to_regnamespace('crmhub')
    and relation.relkind in ('r', 'p')
    and attribute.attnum > 0
    and not attribute.attisdropped;

-- name: set_organisation
-- Row-level security goes by the organisation; no lock is waited for without end. Both end with the transaction.
select set_config('crmhub.org_id', %(org_id)s::text, true), set_config('lock_timeout', %(lock_wait)s, true);

-- name: hold_connection
-- The connection is the organisation's and the lease is held, until the transaction ends.
select crmhub.hold_connection(%(org_id)s, %(connection_id)s, %(lease_token)s);

-- name: check_account_known
-- It is known which account the connection is of.
select crmhub.check_account_known(%(org_id)s, %(connection_id)s);

-- name: check_pii_fingerprint
-- The salt is the one this organisation's pseudonyms were made with.
select crmhub.check_pii_fingerprint(%(org_id)s, %(hash_version)s, %(fingerprint)s);

-- name: create_incoming
-- Where a batch lands: the columns that a record fills, without constraints, emptied by each commit.
create temporary table {incoming} on commit delete rows as select {columns} from {table} with no data;

-- name: index_incoming
-- Members are looked up by owner and member while a set is replaced.
create index on {incoming} ({owner}, {member});

-- name: create_incoming_sets
-- The sets of a batch, empty ones too.
create temporary table incoming_sets (
    external_id text primary key,
    source_read_at timestamptz not null
) on commit delete rows;

-- name: create_incoming_seen
-- What a batch shows that a full pass has seen.
create temporary table incoming_seen (version bigint not null, external_id text not null) on commit delete rows;

-- name: copy_incoming
-- Binary: an error of the server then names line and column, and quotes nothing.
copy {incoming} ({columns}) from stdin (format binary);

-- name: sort_in_memory
-- A batch of 5,000 rows is larger than the work_mem that a server has by default.
select set_config('work_mem', '64MB', true);

-- name: lock_rows
-- One writer of a connection's rows in a table at a time: what is found is still so when it is written.
select pg_advisory_xact_lock(hashtextextended(%(table_name)s || ' ' || %(connection_id)s::text, 0));

-- name: insert_rows
-- Rows that are not there yet, in the order of the key; how many were written, and how many of them are live.
-- Not on conflict: its way of inserting takes a sixth longer, and nobody else writes meanwhile.
with written as (
    insert into {table} as stored (org_id, connection_id, {columns})
    select %(org_id)s, %(connection_id)s, {incoming_columns}
    from {incoming} as incoming
    where (
        select true
        from {table} as known
        where known.org_id = %(org_id)s and known.connection_id = %(connection_id)s
            and known.{key} = incoming.{key}
    ) is null
    order by incoming.{key} collate "C"
    returning {stored_is_live} as is_live
)
select count(*) as written, count(*) filter (where is_live) as live from written;

-- name: replace_rows
-- A row is replaced by a version that is not older, and only if a stored column would change; how many were,
-- and how many more are live than were before. What changes nothing is left out first: on conflict would lock
-- such a row, which dirties its page and is written to the WAL.
with changing as materialized (
    select {incoming_columns}
    from {incoming} as incoming
    where (
        select ({stored_order}) <= ({incoming_order}) and ({stored_content}) is distinct from ({incoming_content})
        from {table} as stored
        where stored.org_id = %(org_id)s and stored.connection_id = %(connection_id)s
            and stored.{key} = incoming.{key}
    )
),
-- As things stood before: all parts of a statement see the same.
before as (
    select count(*) as live
    from changing
    where (
        select {stored_is_live}
        from {table} as stored
        where stored.org_id = %(org_id)s and stored.connection_id = %(connection_id)s
            and stored.{key} = changing.{key}
    )
),
written as (
    insert into {table} as stored (org_id, connection_id, {columns})
    select %(org_id)s, %(connection_id)s, {columns}
    from changing
    order by changing.{key} collate "C"
    on conflict (org_id, connection_id, {key}) do update
    set ({replaced}) = row({replacing})
    where ({stored_order}) <= ({excluded_order})
        and ({stored_content}) is distinct from ({excluded_content})
    returning {stored_is_live} as is_live
)
select
    count(*) as written,
    count(*) filter (where is_live) - (select before.live from before) as live
from written;

-- name: lock_sets
-- One writer of a connection's sets at a time: sets that are not there yet cannot be locked as rows.
select pg_advisory_xact_lock(hashtextextended(%(set_name)s || ' ' || %(connection_id)s::text, 0));

-- name: refuse_older_sets
-- A set that was read before the stored one does not replace it; an empty set is remembered as well.
delete from pg_temp.incoming_sets as incoming
where incoming.source_read_at < (
    select earlier.source_read_at
    from crmhub.set_reads as earlier
    where earlier.org_id = %(org_id)s and earlier.connection_id = %(connection_id)s
        and earlier.set_name = %(set_name)s and earlier.external_id = incoming.external_id
)
returning incoming.external_id;

-- name: refuse_members
-- The members of sets that are refused.
delete from {incoming} where {owner} = any(%(keys)s);

-- name: replace_sets
-- A whole set takes the place of the earlier one. An unchanged set writes nothing.
with gone as (
    delete from {table} as stored
    where stored.org_id = %(org_id)s and stored.connection_id = %(connection_id)s
        and stored.{owner} in (select incoming.external_id from pg_temp.incoming_sets as incoming)
        and (
            select true from {incoming} as incoming
            where incoming.{owner} = stored.{owner} and incoming.{member} = stored.{member}
        ) is null
    returning stored.{owner} as external_id
),
written as (
    insert into {table} as stored (org_id, connection_id, {columns})
    select %(org_id)s, %(connection_id)s, {incoming_columns}
    from {incoming} as incoming
    order by incoming.{owner}, incoming.{member}
    on conflict (org_id, connection_id, {owner}, {member}) do update
    set ({replaced}) = row({replacing})
    where ({stored_content}) is distinct from ({excluded_content})
    returning stored.{owner} as external_id
),
changed as materialized (
    select gone.external_id from gone
    union
    select written.external_id from written
    union
    -- Sets that were never read, empty ones too.
    select incoming.external_id
    from pg_temp.incoming_sets as incoming
    where (
        select true
        from crmhub.set_reads as known
        where known.org_id = %(org_id)s and known.connection_id = %(connection_id)s
            and known.set_name = %(set_name)s and known.external_id = incoming.external_id
    ) is null
)
insert into crmhub.set_reads as earlier (org_id, connection_id, set_name, external_id, source_read_at)
select %(org_id)s, %(connection_id)s, %(set_name)s, incoming.external_id, incoming.source_read_at
from changed
join pg_temp.incoming_sets as incoming on incoming.external_id = changed.external_id
order by incoming.external_id
on conflict (org_id, connection_id, set_name, external_id) do update
set source_read_at = excluded.source_read_at;

-- name: note_seen
-- Also for rows that were not written. A version that is activated already is no full pass any more.
insert into crmhub.full_pass_seen (org_id, connection_id, stream, version, external_id)
select %(org_id)s, %(connection_id)s, %(stream)s, incoming.version, incoming.external_id
from pg_temp.incoming_seen as incoming
where incoming.version > coalesce(
    (
        select activated.version
        from crmhub.full_pass_activated as activated
        where activated.org_id = %(org_id)s and activated.connection_id = %(connection_id)s
            and activated.stream = %(stream)s
    ),
    -1
)
order by incoming.version, incoming.external_id
on conflict do nothing;

-- The end of a full pass: what it did not see is deleted, in bounded transactions. Words in braces and
-- parameters as in queries.sql.

-- name: find_activated
-- The version of the last full pass whose sweep is done.
select version from crmhub.full_pass_activated
where org_id = %(org_id)s and connection_id = %(connection_id)s and stream = %(stream)s;

-- name: count_unseen_rows
-- How many rows a sweep may delete, and would. Archived rows and tombstones are kept.
select count(*) as candidates, count(*) filter (where {is_unseen}) as unseen
from {table} as stored
where stored.org_id = %(org_id)s and stored.connection_id = %(connection_id)s and {live};

-- name: delete_unseen_rows
-- The next rows, by key, that the full pass did not see.
with doomed as materialized (
    select stored.ctid as place, stored.{key} as external_id
    from {table} as stored
    where stored.org_id = %(org_id)s and stored.connection_id = %(connection_id)s and {live}
        and stored.{key} > %(after)s
        and {is_unseen}
    order by stored.{key}
    limit %(limit)s
    for update of stored
),
deleted as (
    -- A row that another run has just written is not there any more, and stays.
    delete from {table} as stored
    where stored.ctid = any(array(select doomed.place from doomed))
    returning stored.{key} as external_id
)
select doomed.external_id, doomed.external_id in (select deleted.external_id from deleted) as is_gone
from doomed
order by doomed.external_id;

-- name: count_unseen_members
-- As count_unseen_rows, for the members of sets.
select
    count(*) filter (where {live}) as candidates,
    count(*) filter (where {is_unseen} and {live}) as unseen
from {table} as stored
where stored.org_id = %(org_id)s and stored.connection_id = %(connection_id)s;

-- name: find_unseen_sets
-- The next sets, by key, that the full pass did not see.
select stored.{key} as external_id, true as is_gone
from (
    select {key} from {table}
    where org_id = %(org_id)s and connection_id = %(connection_id)s and {key} > %(after)s
    union
    select external_id from crmhub.set_reads
    where org_id = %(org_id)s and connection_id = %(connection_id)s
        and set_name = %(set_name)s and external_id > %(after)s
) as stored
where {is_unseen} and {live}
order by stored.{key}
limit %(limit)s;

-- name: owner_is_not_archived
-- A condition on a member `stored`. The links of an archived row are kept as the row is.
(
    select holder.archived
    from {owner_table} as holder
    where holder.org_id = %(org_id)s and holder.connection_id = %(connection_id)s
        and holder.{owner_key} = stored.{key}
) is not true;

-- name: is_unseen
-- A condition on a row or member `stored`: the full pass did not see it.
(
    select seen.version
    from crmhub.full_pass_seen as seen
    where seen.org_id = %(org_id)s and seen.connection_id = %(connection_id)s
        and seen.stream = %(stream)s and seen.version = %(version)s
        and seen.external_id = stored.{key}
) is null;

-- name: delete_members
-- The members of sets whose owner, or who themselves, are gone.
delete from {table}
where org_id = %(org_id)s and connection_id = %(connection_id)s and {column} = any(%(keys)s);

-- name: forget_sets
-- When sets were read is forgotten with them.
delete from crmhub.set_reads
where org_id = %(org_id)s and connection_id = %(connection_id)s
    and set_name = %(set_name)s and external_id = any(%(keys)s);

-- name: note_activated
-- From here on the full pass is done, however often its end is announced.
insert into crmhub.full_pass_activated as earlier (org_id, connection_id, stream, version)
values (%(org_id)s, %(connection_id)s, %(stream)s, %(version)s)
on conflict (org_id, connection_id, stream) do update
set version = excluded.version
where earlier.version < excluded.version;

-- name: drop_seen
-- The notes of this full pass and of earlier, unfinished ones, as many as one transaction takes.
delete from crmhub.full_pass_seen
where ctid = any(array(
    select seen.ctid
    from crmhub.full_pass_seen as seen
    where seen.org_id = %(org_id)s and seen.connection_id = %(connection_id)s
        and seen.stream = %(stream)s and seen.version <= %(version)s
    limit %(limit)s
));

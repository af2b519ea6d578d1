-- The queries of comparisons.py; role crmhub_orchestrator.

-- name: keep_counts
-- A wish for it is fulfilled by it.
insert into crmhub.count_comparisons (org_id, connection_id, compared_at, counts, full_passes)
select
    c.org_id, c.id, clock_timestamp(), %(counts)s,
    (
        select string_agg(c.state_json #>> array['bookmarks', s.name, 'full_pass_at'], ' ' order by s.place)
        from unnest(%(streams)s::text[]) with ordinality as s (name, place)
    )
from crmhub.source_connections as c
where c.id = %(connection_id)s
on conflict (org_id, connection_id) do update
set compared_at = excluded.compared_at, counts = excluded.counts, full_passes = excluded.full_passes,
    failed_at = null, error_class = null, wanted_at = null;

-- name: keep_failure
-- The counts before it stay, and so does a wish.
insert into crmhub.count_comparisons (org_id, connection_id, failed_at, error_class)
select c.org_id, c.id, clock_timestamp(), %(error_class)s
from crmhub.source_connections as c
where c.id = %(connection_id)s
on conflict (org_id, connection_id) do update
set failed_at = excluded.failed_at, error_class = excluded.error_class;

-- name: want
insert into crmhub.count_comparisons (org_id, connection_id, wanted_at)
select c.org_id, c.id, now()
from crmhub.source_connections as c
where c.id = %(connection_id)s
on conflict (org_id, connection_id) do update
set wanted_at = excluded.wanted_at;

-- name: is_due
-- Somebody wants it, or a full pass has ended since the last one.
select
    known.wanted_at is not null
    or known.full_passes is distinct from (
        select string_agg(c.state_json #>> array['bookmarks', s.name, 'full_pass_at'], ' ' order by s.place)
        from unnest(%(streams)s::text[]) with ordinality as s (name, place)
    )
from crmhub.source_connections as c
left join crmhub.count_comparisons as known on known.org_id = c.org_id and known.connection_id = c.id
where c.id = %(connection_id)s;

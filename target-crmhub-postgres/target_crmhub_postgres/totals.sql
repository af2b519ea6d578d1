-- The totals of a connection: live rows of streams, and deals of pipelines.

-- name: begin_totals
-- A row for each stream that is counted, before anything is written: whoever writes and whoever counts meet at it.
insert into crmhub.crm_stream_totals (org_id, connection_id, stream, live)
values (%(org_id)s, %(connection_id)s, 'contacts', 0), (%(org_id)s, %(connection_id)s, 'deals', 0)
on conflict (org_id, connection_id, stream) do nothing;

-- name: lock_totals
-- One recomputation of a connection's totals at a time.
select pg_advisory_xact_lock(hashtextextended('totals ' || %(connection_id)s::text, 0));

-- name: hold_totals
-- Whoever writes rows meanwhile waits with saying so: it is not taken back by what was counted before.
select stream, is_current from crmhub.crm_stream_totals
where org_id = %(org_id)s and connection_id = %(connection_id)s
order by stream
for update;

-- name: add_to_contacts
-- So many more contacts are live; a count that is not current is made anew in any case.
update crmhub.crm_stream_totals set live = live + %(live)s
where org_id = %(org_id)s and connection_id = %(connection_id)s and stream = 'contacts';

-- name: doubt_contacts
-- Rows may have gone by another hand since they were counted; the end of a full pass is the time to look.
update crmhub.crm_stream_totals set is_current = false
where org_id = %(org_id)s and connection_id = %(connection_id)s and stream = 'contacts' and is_current;

-- name: mark_deals
-- Deals were written: their totals, and the count that follows from them, are not those of the rows any more.
update crmhub.crm_stream_totals set is_current = false
where org_id = %(org_id)s and connection_id = %(connection_id)s and stream = 'deals' and is_current;

-- name: recompute_totals
-- Deals and amounts of live deals per pipeline, stage, owner and currency; totals that stay are not written.
with fresh as materialized (
    select
        pipeline_external_id, stage_external_id, owner_external_id, currency,
        count(*) as deals, sum(amount) as amount
    from crmhub.crm_deals
    where org_id = %(org_id)s and connection_id = %(connection_id)s
        and not archived and merged_into is null
    group by pipeline_external_id, stage_external_id, owner_external_id, currency
),
gone as (
    delete from crmhub.crm_pipeline_totals as stored
    where stored.org_id = %(org_id)s and stored.connection_id = %(connection_id)s
        and row(
            stored.pipeline_external_id, stored.stage_external_id, stored.owner_external_id, stored.currency
        )::text not in (
            select row(pipeline_external_id, stage_external_id, owner_external_id, currency)::text from fresh
        )
)
insert into crmhub.crm_pipeline_totals as stored (
    org_id, connection_id, pipeline_external_id, stage_external_id, owner_external_id, currency, deals, amount
)
select
    %(org_id)s, %(connection_id)s, pipeline_external_id, stage_external_id, owner_external_id, currency,
    deals, amount
from fresh
on conflict (org_id, connection_id, pipeline_external_id, stage_external_id, owner_external_id, currency)
do update set (deals, amount) = row(excluded.deals, excluded.amount)
where (stored.deals, stored.amount) is distinct from (excluded.deals, excluded.amount);

-- name: recount_deals
-- Live deals, after the totals of pipelines, which tell them.
update crmhub.crm_stream_totals
set is_current = true,
    live = (
        select coalesce(sum(deals), 0) from crmhub.crm_pipeline_totals
        where org_id = %(org_id)s and connection_id = %(connection_id)s
    )
where org_id = %(org_id)s and connection_id = %(connection_id)s and stream = 'deals';

-- name: recount_contacts
update crmhub.crm_stream_totals
set is_current = true,
    live = (
        select count(*) from crmhub.crm_contacts
        where org_id = %(org_id)s and connection_id = %(connection_id)s and not archived and merged_into is null
    )
where org_id = %(org_id)s and connection_id = %(connection_id)s and stream = 'contacts';

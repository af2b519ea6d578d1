-- The queries of pipeline_readings.py; role crmhub_reader, the organisation is set. All from the totals, so that
-- they cost the same for a thousand deals and a million.

-- name: pipelines
-- What can be chosen: the pipelines there are, and those that only deals know of.
select
    c.id as connection_id, c.display_name, c.external_account_id, known.external_id, known.label
from crmhub.source_connections as c
join (
    select p.org_id, p.connection_id, p.external_id, p.label, p.display_order
    from crmhub.crm_pipelines as p
    where p.org_id = %(org_id)s and not p.archived
    union all
    select distinct t.org_id, t.connection_id, t.pipeline_external_id, p.label, null::int
    from crmhub.crm_pipeline_totals as t
    left join crmhub.crm_pipelines as p
        on p.org_id = t.org_id and p.connection_id = t.connection_id and p.external_id = t.pipeline_external_id
    where t.org_id = %(org_id)s and p.archived is not false
) as known on known.org_id = c.org_id and known.connection_id = c.id
where c.org_id = %(org_id)s
order by c.created_at, c.id, known.display_order nulls last, known.label, known.external_id;

-- name: stages
-- Of one pipeline, in order; an archived one only if deals are in it, which the totals tell.
select external_id, label, is_closed, probability, archived
from crmhub.crm_pipeline_stages
where org_id = %(org_id)s and connection_id = %(connection_id)s and pipeline_external_id = %(pipeline)s
order by display_order nulls last, label, external_id;

-- name: totals
-- Live deals and their amount per stage and currency; of all owners, or of one, or of none ('').
select stage_external_id as stage, currency, sum(deals)::bigint as deals, coalesce(sum(amount), 0) as amount
from crmhub.crm_pipeline_totals
where org_id = %(org_id)s and connection_id = %(connection_id)s
    and pipeline_external_id is not distinct from %(pipeline)s
    and (%(owner)s::text is null or coalesce(owner_external_id, '') = %(owner)s)
group by stage_external_id, currency;

-- name: owners
-- Who has deals in a pipeline, with the names that the organisation keeps.
select t.owner_external_id as external_id, o.display_name, sum(t.deals)::bigint as deals
from crmhub.crm_pipeline_totals as t
left join crmhub.crm_owners as o
    on o.org_id = t.org_id and o.connection_id = t.connection_id and o.external_id = t.owner_external_id
where t.org_id = %(org_id)s and t.connection_id = %(connection_id)s
    and t.pipeline_external_id is not distinct from %(pipeline)s
group by t.owner_external_id, o.display_name
order by o.display_name nulls last, deals desc, t.owner_external_id;

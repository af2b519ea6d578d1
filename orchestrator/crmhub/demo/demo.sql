-- What the demo shows.

-- name: count_rows
-- As superuser: every organisation's rows of one table.
select org_id, count(*) from {table} group by org_id;

-- name: stored_contact
select email_hash, phone_hash, lifecycle_stage, properties::text, source_updated_at
from crmhub.crm_contacts
where connection_id = %(connection_id)s and external_id = %(external_id)s;

-- name: act_for
select set_config('crmhub.org_id', %(org_id)s, true);

-- name: deals_by_stage
-- The same text for each reader.
select pipeline_label, stage_label, sum(deals)::bigint
from crmhub.pipeline_summary
group by pipeline_label, pipeline_order, stage_label, stage_order
order by pipeline_order, stage_order;

-- name: visible
-- What a reader sees: how many rows, of how many organisations.
select
    (select count(*) from crmhub.crm_contacts) as contacts,
    (select count(*) from crmhub.crm_deals) as deals,
    (select count(distinct org_id) from crmhub.crm_contacts) as organisations;

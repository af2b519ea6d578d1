-- migrate:up
set local role crmhub_owner;

-- The pipeline stage by stage, per currency, with labels: from the totals, so that it costs the same
-- for a thousand deals and a million.
create view crmhub.pipeline_summary with (security_invoker = true) as
select
    t.org_id,
    t.connection_id,
    t.pipeline_external_id,
    p.label as pipeline_label,
    p.display_order as pipeline_order,
    t.stage_external_id,
    s.label as stage_label,
    s.display_order as stage_order,
    s.is_closed,
    s.probability,
    t.currency,
    sum(t.deals)::bigint as deals,
    sum(t.amount) as amount
from crmhub.crm_pipeline_totals as t
left join crmhub.crm_pipelines as p
    on p.org_id = t.org_id and p.connection_id = t.connection_id and p.external_id = t.pipeline_external_id
left join crmhub.crm_pipeline_stages as s
    on s.org_id = t.org_id and s.connection_id = t.connection_id
    and s.pipeline_external_id = t.pipeline_external_id and s.external_id = t.stage_external_id
group by
    t.org_id, t.connection_id, t.pipeline_external_id, p.label, p.display_order,
    t.stage_external_id, s.label, s.display_order, s.is_closed, s.probability, t.currency;
comment on view crmhub.pipeline_summary is 'Live deals and amounts per stage and currency, with labels.';
grant select on crmhub.pipeline_summary to crmhub_reader;
-- crmhub_loader and the others: nothing. The view is for who reads.

-- What each person, known by a pseudonym, has going on. Amounts are in the account's home currency.
create view crmhub.contact_activity with (security_invoker = true) as
with linked as (
    select
        c.org_id, c.connection_id, c.email_hash, l.deal_external_id,
        max(c.source_updated_at) as contact_updated_at
    from crmhub.crm_contacts as c
    left join crmhub.crm_deal_contacts as l
        on l.org_id = c.org_id and l.connection_id = c.connection_id and l.contact_external_id = c.external_id
    where c.email_hash is not null and not c.archived
    group by c.org_id, c.connection_id, c.email_hash, l.deal_external_id
)
select
    a.org_id,
    a.connection_id,
    a.email_hash,
    count(d.external_id) filter (where d.is_closed is not true) as open_deals,
    count(d.external_id) filter (where d.is_won) as won_deals,
    coalesce(sum(d.amount_in_home_currency) filter (where d.is_closed is not true), 0) as open_amount,
    coalesce(sum(d.amount_in_home_currency) filter (where d.is_won), 0) as won_amount,
    greatest(max(a.contact_updated_at), max(d.source_updated_at)) as last_change_at
from linked as a
left join crmhub.crm_deals as d
    on d.org_id = a.org_id and d.connection_id = a.connection_id
    and d.external_id = a.deal_external_id and not d.archived
group by a.org_id, a.connection_id, a.email_hash;
comment on view crmhub.contact_activity is 'Open and won deals per contact pseudonym, live rows only.';
grant select on crmhub.contact_activity to crmhub_reader;
-- crmhub_loader and the others: nothing. The view is for who reads.

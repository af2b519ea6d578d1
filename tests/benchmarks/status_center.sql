-- Rows for the Status Center's benchmark, made as the database's superuser.

-- name: add_flags
insert into crmhub.feature_flags (org_id, flag, enabled)
select unnest(%(orgs)s::uuid[]), 'crm_hub', true;

-- name: add_connections
-- Of one organisation; one in ten has failed, one in fifty is running.
insert into crmhub.source_connections (
    org_id, display_name, external_account_id, last_sync_at, synced_through, next_sync_at,
    last_error_class, last_error_at
)
select
    %(org_id)s, 'Portal ' || n, (5000000 + n)::text, now() - interval '9 minutes', now() - interval '9 minutes',
    now() + interval '2 hours',
    case when n %% 10 = 0 then 'hubspot_unavailable' end, case when n %% 10 = 0 then now() end
from generate_series(1, %(connections)s) as n;

-- name: add_stream_totals
insert into crmhub.crm_stream_totals (org_id, connection_id, stream, live)
select c.org_id, c.id, s.stream, 12345
from crmhub.source_connections as c, unnest(array['contacts', 'deals']) as s (stream);

-- name: add_runs
insert into crmhub.sync_runs (
    connection_id, org_id, trigger, status, requested_at, started_at, finished_at, records
)
select
    c.id, c.org_id, 'schedule', 'succeeded', at, at, at + interval '3 seconds', '{"contacts": 12, "deals": 3}'
from crmhub.source_connections as c, generate_series(1, %(runs)s) as n,
    lateral (select now() - n * interval '1 hour' as at) as moments;

-- name: add_running
insert into crmhub.sync_runs (connection_id, org_id, trigger, status, started_at, records)
select id, org_id, 'schedule', 'running', now(), '{"contacts": 100}'
from crmhub.source_connections
where org_id = %(org_id)s and external_account_id::bigint %% 50 = 1;

-- name: add_pipelines
insert into crmhub.crm_pipelines (org_id, connection_id, external_id, label, display_order, source_read_at)
select c.org_id, c.id, 'pipeline ' || n, 'Pipeline ' || n, n, now()
from crmhub.source_connections as c, generate_series(0, 3) as n
where c.org_id = %(org_id)s;

-- name: add_stages
insert into crmhub.crm_pipeline_stages (
    org_id, connection_id, pipeline_external_id, external_id, label, display_order, is_closed, probability,
    source_read_at
)
select p.org_id, p.connection_id, p.external_id, 'stage ' || n, 'Stage ' || n, n, n >= 8, (n = 8)::int, now()
from crmhub.crm_pipelines as p, generate_series(0, 9) as n
where p.org_id = %(org_id)s;

-- name: add_deals
-- Four pipelines of ten stages, a hundred owners, three currencies.
insert into crmhub.crm_deals (
    org_id, connection_id, external_id, name, amount, currency, pipeline_external_id, stage_external_id,
    owner_external_id, source_updated_at, source_read_at
)
select
    c.org_id, c.id, n::text, 'Deal ' || n, n %% 100000, (array['EUR', 'USD', 'GBP'])[1 + n %% 3],
    'pipeline ' || (hashint4(n) & 3), 'stage ' || (hashint4(n + 1) & 1023) %% 10, (4000 + (hashint4(n + 2) & 1023) %% 100)::text,
    now(), now()
from crmhub.source_connections as c, generate_series(1, %(deals)s) as n
where c.org_id = %(org_id)s;

-- name: note_progress
update crmhub.sync_runs set records = %(records)s where org_id = %(org_id)s and status = 'running';

-- name: connections_of_web
select count(*) from pg_stat_activity where application_name like 'crmhub web%%';

-- name: connection_of
select id from crmhub.source_connections where org_id = %(org_id)s order by created_at, id limit 1;

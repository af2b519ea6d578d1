-- The queries of health.py.

-- name: applied
-- Role crmhub_orchestrator.
select version from crmhub.schema_migrations;

-- name: workers
-- Role crmhub_orchestrator. Fails where the queue's tables are missing. Each worker process serves two
-- queues, and is known as two.
select count(*) / 2 as alive
from procrastinate.procrastinate_workers
where last_heartbeat > now() - interval '30 seconds';

-- name: can_read
-- Role crmhub_reader, of no organisation: whether it may, not what there is.
select from crmhub.crm_pipeline_totals limit 1;

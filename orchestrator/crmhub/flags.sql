-- The queries of flags.py; role crmhub_orchestrator.

-- name: set_flag
insert into crmhub.feature_flags (org_id, flag, enabled)
values (%(org_id)s, %(flag)s, %(enabled)s)
on conflict (org_id, flag) do update set enabled = excluded.enabled;

-- name: list_flags
select org_id, flag, enabled from crmhub.feature_flags
where %(org_id)s::uuid is null or org_id = %(org_id)s
order by org_id, flag;

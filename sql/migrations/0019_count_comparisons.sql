-- migrate:up
set local role crmhub_owner;

-- What came of setting HubSpot's counts beside ours: the last answer of each connection, whether the try
-- after it failed, and whether another one is wanted. Counts only, no row of anybody's data.
create table crmhub.count_comparisons (
    org_id uuid not null,
    connection_id uuid not null,
    compared_at timestamptz, -- null: never so far
    counts jsonb not null default '{}', -- as of then: stream → {"hubspot": 3, "ours": 3, "leaves_out": false}
    full_passes text, -- when the last full passes had begun, then: after another one it is time again
    failed_at timestamptz, -- HubSpot told no counts; null after a try at which it did
    error_class text, -- why it did not
    wanted_at timestamptz, -- an admin has asked for it, and the next sync's end is awaited
    constraint count_comparisons_key primary key (org_id, connection_id),
    constraint count_comparisons_connection foreign key (org_id, connection_id)
        references crmhub.source_connections (org_id, id) on delete cascade,
    constraint count_comparisons_counts_is_object check (jsonb_typeof(counts) = 'object'),
    constraint count_comparisons_failure_whole check ((failed_at is null) = (error_class is null))
);

alter table crmhub.count_comparisons enable row level security;
alter table crmhub.count_comparisons force row level security;
create policy "the orchestrator keeps all comparisons" on crmhub.count_comparisons
    to crmhub_orchestrator, crmhub_owner using (true) with check (true);
create policy "readers see their organisation's comparisons" on crmhub.count_comparisons
    for select to crmhub_reader using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.count_comparisons to crmhub_orchestrator;
grant select on crmhub.count_comparisons to crmhub_reader;
-- crmhub_loader, crmhub_state: nothing. Who writes rows and state does not judge whether they are complete.

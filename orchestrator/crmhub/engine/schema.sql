-- The queries of schema.py; a login that may act as crmhub_owner.

-- name: has_schema
select to_regnamespace('procrastinate') is not null;

-- name: enter
-- Only until the transaction ends.
select set_config('role', 'crmhub_owner', true), set_config('search_path', 'procrastinate', true);

-- name: prepare_record
-- Which files of the library are in; beside its tables, in its schema.
create table if not exists procrastinate.applied_files (
    name text primary key,
    applied_at timestamptz not null default now()
);

-- name: has_tables
select to_regclass('procrastinate.procrastinate_jobs') is not null;

-- name: applied
select name from procrastinate.applied_files;

-- name: record
insert into procrastinate.applied_files (name) values (%(name)s);

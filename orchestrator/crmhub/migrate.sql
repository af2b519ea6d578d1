-- The queries of `crmhub migrate`.

-- name: try_lock
-- One runner at a time; the others ask again.
select pg_try_advisory_lock(%(key)s);

-- name: prepare_record
-- Where applied migrations are recorded. dbmate reads and writes the same table
-- (--migrations-table crmhub.schema_migrations); it leaves name and hash empty.
do $$
begin
    if to_regclass('crmhub.schema_migrations') is null then
        create schema if not exists crmhub;
        create table crmhub.schema_migrations (
            version varchar(128) primary key,
            name text,
            sha256 text,
            applied_at timestamptz not null default now()
        );
    end if;
end
$$;

-- name: applied
select version, sha256 from crmhub.schema_migrations order by version;

-- name: record
insert into crmhub.schema_migrations (version, name, sha256)
values (%(version)s, %(name)s, %(sha256)s);

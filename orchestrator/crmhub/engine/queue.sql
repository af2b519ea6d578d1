-- The queries of queue.py; role crmhub_orchestrator.

-- name: enter
-- procrastinate's statements name no schema. Only until the transaction ends.
select set_config('search_path', 'procrastinate', true);

-- name: hurry
-- The connection's job waits already: a person's wish moves it to the front.
update procrastinate.procrastinate_jobs set priority = %(priority)s
where queueing_lock = %(queueing_lock)s and status = 'todo' and priority < %(priority)s;

-- name: queue_length
select count(*) from procrastinate.procrastinate_jobs where queue_name = 'sync' and status = 'todo';

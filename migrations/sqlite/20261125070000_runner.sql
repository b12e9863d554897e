-- What a job runner needs to remember: who waits for what, who serves, and what each run said.

alter table run add column start_at /* no worker claims it before this: the due time with its jitter, or the next attempt */ text;
alter table run add column retries /* how often it was put back after it had failed or was lost */ integer;
alter table run add column concurrency /* the groups of which it takes a place, sorted array of texts */ text;
alter table run add column after_run /* the run after which it was made; the run may have been removed since */ integer;
alter table run add column settled_at /* when its end was dealt with: tried again, or the jobs after it made */ text;
update run set start_at = due_at, retries = 0, concurrency = '[]',
    settled_at = case when state in ('due', 'claimed', 'running') then null else coalesce(finished_at, created_at) end;
create unique index run_after_run on run (after_run, job) where after_run is not null;
create index run_unsettled on run (state) where settled_at is null;

alter table schedule add column expression /* the schedule by which last_due_at was found; another one begins anew */ text;

alter table batch add column published_by /* the run that made it visible; null: none yet. That run may have been removed */ integer;
update batch set published_by = (select run_id from publication)
    where run_id <= (select coalesce(max(run_id), 0) from publication);
alter table batch add column sequence /* its place in the order in which batches came to rest */ integer;
update batch set sequence = run_id;
create index batch_waiting on batch (sequence) where published_by is null;
create index batch_sequence on batch (sequence);

-- A line of a run's log.
create table run_log (
    id integer primary key autoincrement, -- its number, growing with time
    run_id integer not null references run (id), -- the run
    at text not null, -- when
    level text not null, -- error, warn, info, debug, trace
    step text, -- the step that was under way
    target text not null, -- the part of the program that spoke
    message text not null, -- what it said, without personal data
    fields text not null -- figures and names that belong to it, an object
);
create index run_log_run_id on run_log (run_id, id);

-- A process that serves, or served.
create table server (
    id text primary key, -- unique for each start of a process
    host text not null, -- the machine
    pid integer not null, -- the process on that machine
    version text not null, -- the program's version
    workers integer not null, -- how many runs it works on at once
    started_at text not null, -- when it started
    heartbeat_at text not null, -- its last sign of life
    planned_at text, -- when its planner last came to its end without an error
    ended_at text -- when it ended in good order; null: it serves, or was killed
);

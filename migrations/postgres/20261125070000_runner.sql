-- What a job runner needs to remember: who waits for what, who serves, and what each run said.

alter table run add column start_at timestamptz;
alter table run add column retries bigint;
alter table run add column concurrency jsonb;
alter table run add column after_run bigint;
alter table run add column settled_at timestamptz;
update run set start_at = due_at, retries = 0, concurrency = '[]',
    settled_at = case when state in ('due', 'claimed', 'running') then null else coalesce(finished_at, created_at) end;
comment on column run.start_at is 'no worker claims it before this: the due time with its jitter, or the next attempt';
comment on column run.retries is 'how often it was put back after it had failed or was lost';
comment on column run.concurrency is 'the groups of which it takes a place, sorted array of texts';
comment on column run.after_run is 'the run after which it was made; the run may have been removed since';
comment on column run.settled_at is 'when its end was dealt with: tried again, or the jobs after it made';
create unique index run_after_run on run (after_run, job) where after_run is not null;
create index run_unsettled on run (state) where settled_at is null;

alter table schedule add column expression text;
comment on column schedule.expression is 'the schedule by which last_due_at was found; another one begins anew';

alter table batch add column published_by bigint;
comment on column batch.published_by is 'the run that made it visible; null: none yet. That run may have been removed';
update batch set published_by = (select run_id from publication)
    where run_id <= (select coalesce(max(run_id), 0) from publication);
alter table batch add column sequence bigint;
comment on column batch.sequence is 'its place in the order in which batches came to rest';
update batch set sequence = run_id;
create index batch_waiting on batch (sequence) where published_by is null;
create index batch_sequence on batch (sequence);

create table run_log (
    id bigint generated always as identity primary key,
    run_id bigint not null references run (id),
    at timestamptz not null,
    level text not null,
    step text,
    target text not null,
    message text not null,
    fields jsonb not null
);
comment on table run_log is 'a line of a run''s log';
comment on column run_log.id is 'its number, growing with time';
comment on column run_log.run_id is 'the run';
comment on column run_log.at is 'when';
comment on column run_log.level is 'error, warn, info, debug, trace';
comment on column run_log.step is 'the step that was under way';
comment on column run_log.target is 'the part of the program that spoke';
comment on column run_log.message is 'what it said, without personal data';
comment on column run_log.fields is 'figures and names that belong to it, an object';
create index run_log_run_id on run_log (run_id, id);

create table server (
    id text primary key,
    host text not null,
    pid bigint not null,
    version text not null,
    workers bigint not null,
    started_at timestamptz not null,
    heartbeat_at timestamptz not null,
    planned_at timestamptz,
    ended_at timestamptz
);
comment on table server is 'a process that serves, or served';
comment on column server.id is 'unique for each start of a process';
comment on column server.host is 'the machine';
comment on column server.pid is 'the process on that machine';
comment on column server.version is 'the program''s version';
comment on column server.workers is 'how many runs it works on at once';
comment on column server.started_at is 'when it started';
comment on column server.heartbeat_at is 'its last sign of life';
comment on column server.planned_at is 'when its planner last came to its end without an error';
comment on column server.ended_at is 'when it ended in good order; null: it serves, or was killed';

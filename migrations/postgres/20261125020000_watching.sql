-- What an admin is told, by mail and by HTTP, and signs of life.

create table alert (
    id bigint generated always as identity primary key,
    deduplication_key text not null unique,
    kind text not null,
    job text,
    source text,
    run_id bigint,
    at timestamptz not null,
    noticed_at timestamptz not null,
    detail jsonb not null,
    told_at timestamptz,
    resolved_at timestamptz,
    resolved_by bigint
);
comment on table alert is 'what there is to tell an admin';
comment on column alert.id is 'its number, growing with time';
comment on column alert.deduplication_key is 'what makes it this alert and no other: it is told once, whoever finds it';
comment on column alert.kind is 'failed, lost, late, missed, guard, quarantine, stale, recovered, test';
comment on column alert.job is 'the job, where it is about one';
comment on column alert.source is 'the source, where it is about one';
comment on column alert.run_id is 'the run, where it is about one; the run may have been removed since';
comment on column alert.at is 'when it happened';
comment on column alert.noticed_at is 'when it was found';
comment on column alert.detail is 'figures and words, an object, without personal data';
comment on column alert.told_at is 'when mail and webhook were queued; null: it waits';
comment on column alert.resolved_at is 'when all was well again; null: it still stands, or was no lasting trouble';
comment on column alert.resolved_by is 'the run that made it well';
create index alert_untold on alert (id) where told_at is null;
create index alert_standing on alert (job, source) where resolved_at is null;
create index alert_told_at on alert (told_at);

create table http_call (
    id bigint generated always as identity primary key,
    deduplication_key text not null unique,
    target text not null,
    kind text not null,
    run_id bigint,
    body jsonb,
    state text not null,
    attempts bigint not null,
    next_attempt_at timestamptz not null,
    leased_by text,
    lease_until timestamptz,
    created_at timestamptz not null,
    sent_at timestamptz,
    error text
);
comment on table http_call is 'calls over HTTP to make and made: webhook and dead man''s switches';
comment on column http_call.id is 'its number';
comment on column http_call.deduplication_key is 'what makes it this call and no other';
comment on column http_call.target is 'webhook, or ping and the job: the address stands in the settings, since it may be a secret';
comment on column http_call.kind is 'alert, start, success, fail';
comment on column http_call.run_id is 'the run, where it is about one; the run may have been removed since';
comment on column http_call.body is 'what is posted; null: nothing';
comment on column http_call.state is 'queued, sent, failed, superseded';
comment on column http_call.attempts is 'attempts made';
comment on column http_call.next_attempt_at is 'not to be tried before this';
comment on column http_call.leased_by is 'the worker that tries it, or tried it last';
comment on column http_call.lease_until is 'until when nobody else may try it';
comment on column http_call.created_at is 'when it was written';
comment on column http_call.sent_at is 'when the other side took it';
comment on column http_call.error is 'why the last attempt failed, without the address';
create index http_call_queued on http_call (next_attempt_at) where state = 'queued';

create table watched (
    name text primary key,
    since timestamptz not null,
    reached_at timestamptz not null
);
comment on table watched is 'how far each watcher has looked';
comment on column watched.name is 'what is looked at';
comment on column watched.since is 'no calls are made for what happened before this';
comment on column watched.reached_at is 'all that happened until then has been looked at';

create table pulse (
    worker text primary key,
    started_at timestamptz not null,
    beaten_at timestamptz not null,
    written_at timestamptz not null,
    ended_at timestamptz,
    version text not null
);
comment on table pulse is 'a process that schedules, and its signs of life';
comment on column pulse.worker is 'the process, unique for each start';
comment on column pulse.started_at is 'when it began';
comment on column pulse.beaten_at is 'when its scheduler turned last';
comment on column pulse.written_at is 'when this was written: later than the beat by much means that the scheduler hangs';
comment on column pulse.ended_at is 'when it ended in good order';
comment on column pulse.version is 'the program''s version';

create table step_progress (
    run_id bigint not null references run (id),
    step text not null,
    unit text not null,
    done bigint not null,
    total bigint,
    updated_at timestamptz not null,
    primary key (run_id, step)
);
comment on table step_progress is 'how far a step has come that is under way';
comment on column step_progress.run_id is 'the run';
comment on column step_progress.step is 'the step';
comment on column step_progress.unit is 'what is counted';
comment on column step_progress.done is 'so many are done';
comment on column step_progress.total is 'of so many, where that is known';
comment on column step_progress.updated_at is 'when it was written';

create index run_event_at on run_event (at);

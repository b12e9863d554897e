-- What an admin is told, by mail and by HTTP, and signs of life.

-- What there is to tell an admin.
create table alert (
    id integer primary key autoincrement, -- its number, growing with time
    deduplication_key text not null unique, -- what makes it this alert and no other: it is told once, whoever finds it
    kind text not null, -- failed, lost, late, missed, guard, quarantine, stale, recovered, test
    job text, -- the job, where it is about one
    source text, -- the source, where it is about one
    run_id integer, -- the run, where it is about one; the run may have been removed since
    at text not null, -- when it happened
    noticed_at text not null, -- when it was found
    detail text not null, -- figures and words, an object, without personal data
    told_at text, -- when mail and webhook were queued; null: it waits
    resolved_at text, -- when all was well again; null: it still stands, or was no lasting trouble
    resolved_by integer -- the run that made it well
);
create index alert_untold on alert (id) where told_at is null;
create index alert_standing on alert (job, source) where resolved_at is null;
create index alert_told_at on alert (told_at);

-- Calls over HTTP to make and made: webhook and dead man's switches.
create table http_call (
    id integer primary key autoincrement, -- its number
    deduplication_key text not null unique, -- what makes it this call and no other
    target text not null, -- webhook, or ping and the job: the address stands in the settings, since it may be a secret
    kind text not null, -- alert, start, success, fail
    run_id integer, -- the run, where it is about one; the run may have been removed since
    body text, -- what is posted; null: nothing
    state text not null, -- queued, sent, failed, superseded
    attempts integer not null, -- attempts made
    next_attempt_at text not null, -- not to be tried before this
    leased_by text, -- the worker that tries it, or tried it last
    lease_until text, -- until when nobody else may try it
    created_at text not null, -- when it was written
    sent_at text, -- when the other side took it
    error text -- why the last attempt failed, without the address
);
create index http_call_queued on http_call (next_attempt_at) where state = 'queued';

-- How far each watcher has looked.
create table watched (
    name text primary key, -- what is looked at
    since text not null, -- no calls are made for what happened before this
    reached_at text not null -- all that happened until then has been looked at
);

-- A process that schedules, and its signs of life.
create table pulse (
    worker text primary key, -- the process, unique for each start
    started_at text not null, -- when it began
    beaten_at text not null, -- when its scheduler turned last
    written_at text not null, -- when this was written: later than the beat by much means that the scheduler hangs
    ended_at text, -- when it ended in good order
    version text not null -- the program's version
);

-- How far a step has come that is under way.
create table step_progress (
    run_id integer not null references run (id), -- the run
    step text not null, -- the step
    unit text not null, -- what is counted
    done integer not null, -- so many are done
    total integer, -- of so many, where that is known
    updated_at text not null, -- when it was written
    primary key (run_id, step)
);

create index run_event_at on run_event (at);

-- The first tables. Instants are text in ISO 8601, UTC, milliseconds; JSON is text.

-- The migrations that were applied.
create table schema_migration (
    version integer primary key, -- the migration: the time of its making, as a number
    name text not null, -- what it does, as in its file name
    applied_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) -- when it was applied
);

-- One execution of a job.
create table run (
    id integer primary key autoincrement, -- the run's number
    job text not null, -- the job, as named in jobs.toml
    cause text not null, -- why it is there: schedule, ad_hoc, retry, backfill, after
    state text not null, -- due, claimed, running, succeeded, failed, cancelled, lost, skipped, missed, stopped
    due_at text not null, -- the time that the run stands for, handed to its steps
    asked_by text not null, -- who asked: scheduler, or a user
    reason text, -- why, in the words of who asked
    parameters text not null, -- the parameters of the run, an object
    retry_of integer references run (id) on delete set null, -- the run that this one tries again
    created_at text not null, -- when it was asked for
    attempt integer not null, -- how often it was claimed: the fencing token
    worker text, -- the worker that holds or held it, unique for each start of a process
    claimed_at text, -- when it was claimed last
    lease_until text, -- until when the worker holds it; null when nobody does
    heartbeat_at text, -- the worker's last sign of life
    started_at text, -- when its first step first began
    finished_at text, -- when it ended
    cancel_requested_at text, -- when somebody asked it to end
    error text, -- what failed, without personal data
    hint text, -- what to do about it
    guard text -- the guard that stopped it
);
create index run_state on run (state, due_at);
create index run_job on run (job, id);

-- Each change of a run's state.
create table run_event (
    id integer primary key autoincrement, -- its number, growing with time
    run_id integer not null references run (id), -- the run
    at text not null, -- when
    state_before text, -- the state before; null when the run was made
    state_after text not null, -- the state after
    actor text not null, -- who did it: a worker, the reaper, a user
    reason text -- why
);
create index run_event_run_id on run_event (run_id);

-- A step of a run.
create table step (
    run_id integer not null references run (id), -- the run
    name text not null, -- the step, unique in the run
    position integer not null, -- its place in the job, from 0
    state text not null, -- running, succeeded, failed, cancelled, skipped, stopped
    attempt integer not null, -- how often it was begun
    started_at text not null, -- when it was begun last
    finished_at text, -- when it ended
    rows_in integer, -- rows that it took in
    rows_out integer, -- rows that it gave out
    output text, -- what later steps and the report need of it: names of frames, counts
    error text, -- what failed, without personal data
    primary key (run_id, name)
);

-- How far the planner has come with each job.
create table schedule (
    job text primary key, -- the job
    last_due_at text not null, -- the last due time for which a tick was made, or from which the planner began
    paused_at text, -- since when no ticks are made
    paused_by text, -- who paused it
    updated_at text not null -- when this row changed last
);

-- One due time of one job.
create table tick (
    job text not null, -- the job
    due_at text not null, -- the due time
    state text not null, -- planned, skipped, missed
    run_id integer references run (id), -- the run that was made for it, in the same transaction
    created_at text not null, -- when the planner made it
    primary key (job, due_at)
);
create index tick_run_id on tick (run_id);

-- A page of a source at rest.
create table batch (
    run_id integer not null references run (id), -- the run that pulled it
    source text not null, -- the source
    number integer not null, -- the page's number within run and source, from 0
    frame text, -- the name of its frame at rest; null when it held nothing new
    origin text not null, -- the file or endpoint that it came from
    complete_listing integer not null, -- whether it belongs to a complete listing
    rows_read integer not null, -- records read: staged, rejected, unchanged and collapsed ones
    rows_staged integer not null, -- rows put at rest
    rows_unchanged integer not null, -- rows that were as they were known
    rows_collapsed integer not null, -- rows left out because the page held them already
    rows_rejected integer not null, -- rows that could not be read
    created_at text not null, -- when it came to rest
    primary key (run_id, source, number)
);

-- How far each source has been read.
create table source_cursor (
    source text primary key, -- the source
    cursor text not null, -- where the next pull goes on; only the connector understands it
    columns text not null, -- the columns seen last, to notice drift
    listing_rows integer, -- rows of the last complete listing, to notice one that shrank
    listed_at text, -- when the last complete listing was read to its end
    newest_data_at text, -- the newest time that the data speaks of, to notice staleness
    run_id integer not null, -- the run that saved it
    updated_at text not null -- when it was saved
);

-- Rows that could not be read.
create table reject (
    id integer primary key autoincrement, -- its number
    source text not null, -- the source
    digest integer not null, -- a hash of reason, column and row, by which it is known when it comes again
    run_id integer not null, -- the run that met it last; the run may have been removed since
    origin text not null, -- the file or endpoint where it was met last
    line integer, -- the line, the sheet's row, or the number of the element
    column_name text, -- the column that is wrong
    reason text not null, -- a stable code
    detail text not null, -- what is wrong, without personal data
    raw text not null, -- the row as received: personal data
    state text not null, -- open, resolved, dismissed
    times integer not null, -- how many runs met it
    first_seen_at text not null, -- when it was met first
    last_seen_at text not null, -- when it was met last
    resolved_at text, -- when it was resolved or dismissed
    resolved_by text, -- who resolved or dismissed it; null: a later delivery did
    unique (source, digest)
);
create index reject_state on reject (state, source);

-- One golden row a person.
create table person (
    id text primary key, -- the id: opaque, issued once, never reused
    state text not null, -- active, gone (in no source any more), merged (turned out to be another person)
    merged_into text, -- the person who bears the id now, when merged
    salutation text, -- Frau, Herr
    title text, -- academic titles
    given_name text, -- all given names, in order
    surname text, -- surname with particles
    birth_surname text, -- surname at birth
    sex text, -- f, m or d
    birth_date text, -- 1984-03-05, or 1984 where only the year is known
    email text, -- e-mail address, lower case
    mobile text, -- mobile number, E.164
    phone text, -- landline number, E.164
    street text, -- street
    house_number text, -- house number with affix
    address_extra text, -- c/o, Postfach, Hinterhaus
    postal_code text, -- PLZ
    city text, -- place
    country text, -- ISO 3166-1 alpha-2
    membership_number text, -- membership number
    is_member integer, -- whether a source holds the person to be a member
    joined_on text, -- day of joining, as birth_date
    left_on text, -- day of leaving, as birth_date
    org_unit text, -- org unit to which the person belongs
    interests text, -- sorted array of texts
    consents text, -- array of objects: purpose, state, at, source
    answers text, -- array of objects: survey, date, question, answer
    household_id text, -- shared by the persons of one household
    sources text, -- the sources that know the person, sorted array of texts
    records integer, -- records of the person
    first_seen text, -- when the person was first seen
    updated_at text, -- when the person changed last
    search_name text not null, -- surname, given names and surname at birth, folded for searching
    run_id integer not null -- the run that wrote this row last
);
create index person_search_name on person (search_name);
create index person_email on person (email) where email is not null;
create index person_mobile on person (mobile) where mobile is not null;
create index person_phone on person (phone) where phone is not null;
create index person_membership_number on person (membership_number) where membership_number is not null;
create index person_postal_code on person (postal_code) where postal_code is not null;
create index person_org_unit on person (org_unit) where org_unit is not null;
create index person_household_id on person (household_id) where household_id is not null;

-- Which person each record belongs to.
create table person_record (
    source text not null, -- the source
    key text not null, -- the key inside the source
    person_id text not null, -- the person
    present integer not null, -- whether the source still has it
    first_seen text, -- when it was first seen
    primary key (source, key)
) without rowid;
create index person_record_person_id on person_record (person_id);

-- The values that the records of a person hold, with provenance.
create table person_value (
    person_id text not null, -- the person
    field text not null, -- the field
    value text, -- the value
    source text, -- the source that holds it
    key text, -- the record that holds it
    survives integer not null, -- whether it is the person's value
    reason text -- why it survived, or did not
);
create index person_value_person_id on person_value (person_id);

-- What changed, by person, kind and field.
create table change (
    id integer primary key autoincrement, -- its number, growing with time
    run_id integer not null, -- the run that published it; the run may have been removed since
    at text not null, -- when it was published
    person_id text not null, -- the person
    kind text not null, -- the kind of change
    field text, -- the field, where one field changed
    old text, -- the value before
    new text, -- the value after
    org_unit_before text, -- the person's org unit before
    org_unit_after text -- the person's org unit after
);
create index change_person_id on change (person_id);
create index change_run_id on change (run_id);
create index change_at on change (at);

-- The organisation's tree.
create table org_unit (
    id text primary key, -- a short, lasting id
    name text not null, -- the name that people read
    parent text, -- the unit above; null for a root
    level text, -- state, district, branch, ...
    postal_codes text not null, -- the postal areas that it owns, as written in org.toml
    aliases text not null, -- other names under which sources know it
    position integer not null -- its place in org.toml, from 0
);
create index org_unit_parent on org_unit (parent);

-- Who is told of changes.
create table officer (
    id integer primary key autoincrement, -- its number
    org_unit text not null, -- the unit; units below are included
    email text not null, -- where notices go
    language text not null, -- de or en
    kinds text -- the kinds of change asked for; null: all
);

-- Pairs that a human should look at.
create table review_item (
    id integer primary key autoincrement, -- its number
    left_source text not null, -- the smaller record: its source
    left_key text not null, -- the smaller record: its key
    right_source text not null, -- the larger record: its source
    right_key text not null, -- the larger record: its key
    reason text not null, -- why it is asked about
    probability real not null, -- the probability that they are one person
    impact integer not null, -- records that the answer would move
    position integer not null, -- its place in the queue, from 0
    created_at text not null, -- since when it waits
    run_id integer not null, -- the run that asked last
    unique (left_source, left_key, right_source, right_key)
);
create index review_item_position on review_item (position);

-- What stewards said of pairs; undone, never deleted.
create table judgement (
    id integer primary key autoincrement, -- its number, growing with time
    left_source text not null, -- the smaller record: its source
    left_key text not null, -- the smaller record: its key
    right_source text not null, -- the larger record: its source
    right_key text not null, -- the larger record: its key
    verdict text not null, -- same, different, unsure
    at text not null, -- when it was said
    by_user text not null, -- who said it
    reason text, -- why
    undone_at text, -- when it was undone
    undone_by text, -- who undid it
    undone_reason text -- why it was undone
);
create index judgement_pair on judgement (left_source, left_key, right_source, right_key);
create index judgement_right on judgement (right_source, right_key);

-- Values set by hand, which hold until lifted.
create table person_override (
    id integer primary key autoincrement, -- its number
    person_id text not null, -- the person
    field text not null, -- the field
    value text, -- the value; null: the field is empty
    set_at text not null, -- when it was set
    set_by text not null, -- who set it
    reason text, -- why
    lifted_at text, -- when it was lifted
    lifted_by text -- who lifted it
);
create index person_override_person_id on person_override (person_id);
create unique index person_override_active on person_override (person_id, field) where lifted_at is null;

-- Mails to send and sent.
create table outbox (
    id integer primary key autoincrement, -- its number
    deduplication_key text not null unique, -- what makes it this mail and no other
    run_id integer, -- the run that wrote it; the run may have been removed since
    kind text not null, -- notice, alert, ...
    recipient text not null, -- where it goes
    subject text not null, -- the subject
    text_body text not null, -- the plain text
    html_body text not null, -- the HTML
    message_id text, -- the Message-ID, the same for each attempt; null: made from the id
    state text not null, -- queued, sent, failed
    attempts integer not null, -- attempts made
    next_attempt_at text not null, -- not to be tried before this
    leased_by text, -- the worker that tries it, or tried it last
    lease_until text, -- until when nobody else may try it
    created_at text not null, -- when it was written
    sent_at text, -- when the transport took it
    error text -- why the last attempt failed, without addresses
);
create index outbox_queued on outbox (next_attempt_at) where state = 'queued';
create index outbox_run_id on outbox (run_id);

-- The figures of a run.
create table run_statistics (
    run_id integer primary key references run (id), -- the run
    statistics text not null, -- the figures, as the report reads them
    created_at text not null -- when they were written
);

-- What is visible now: a single row.
create table publication (
    id integer primary key check (id = 1), -- always 1
    run_id integer not null references run (id), -- the run that published last
    published_at text not null, -- when it published
    frames text not null -- the frames at rest that belong to it: what for, name
);

-- What belongs to the installation, such as its secret.
create table setting (
    name text primary key, -- the setting
    value text not null, -- its value
    created_at text not null -- when it was made
);

-- The first tables. Instants are timestamptz; JSON is jsonb.

create table schema_migration (
    version bigint primary key,
    name text not null,
    applied_at timestamptz not null default now()
);
comment on table schema_migration is 'the migrations that were applied';
comment on column schema_migration.version is 'the migration: the time of its making, as a number';
comment on column schema_migration.name is 'what it does, as in its file name';
comment on column schema_migration.applied_at is 'when it was applied';

create table run (
    id bigint generated always as identity primary key,
    job text not null,
    cause text not null,
    state text not null,
    due_at timestamptz not null,
    asked_by text not null,
    reason text,
    parameters jsonb not null,
    retry_of bigint references run (id) on delete set null,
    created_at timestamptz not null,
    attempt bigint not null,
    worker text,
    claimed_at timestamptz,
    lease_until timestamptz,
    heartbeat_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    cancel_requested_at timestamptz,
    error text,
    hint text,
    guard text
);
comment on table run is 'one execution of a job';
comment on column run.id is 'the run''s number';
comment on column run.job is 'the job, as named in jobs.toml';
comment on column run.cause is 'why it is there: schedule, ad_hoc, retry, backfill, after';
comment on column run.state is 'due, claimed, running, succeeded, failed, cancelled, lost, skipped, missed, stopped';
comment on column run.due_at is 'the time that the run stands for, handed to its steps';
comment on column run.asked_by is 'who asked: scheduler, or a user';
comment on column run.reason is 'why, in the words of who asked';
comment on column run.parameters is 'the parameters of the run, an object';
comment on column run.retry_of is 'the run that this one tries again';
comment on column run.created_at is 'when it was asked for';
comment on column run.attempt is 'how often it was claimed: the fencing token';
comment on column run.worker is 'the worker that holds or held it, unique for each start of a process';
comment on column run.claimed_at is 'when it was claimed last';
comment on column run.lease_until is 'until when the worker holds it; null when nobody does';
comment on column run.heartbeat_at is 'the worker''s last sign of life';
comment on column run.started_at is 'when its first step first began';
comment on column run.finished_at is 'when it ended';
comment on column run.cancel_requested_at is 'when somebody asked it to end';
comment on column run.error is 'what failed, without personal data';
comment on column run.hint is 'what to do about it';
comment on column run.guard is 'the guard that stopped it';
create index run_state on run (state, due_at);
create index run_job on run (job, id);

create table run_event (
    id bigint generated always as identity primary key,
    run_id bigint not null references run (id),
    at timestamptz not null,
    state_before text,
    state_after text not null,
    actor text not null,
    reason text
);
comment on table run_event is 'each change of a run''s state';
comment on column run_event.id is 'its number, growing with time';
comment on column run_event.run_id is 'the run';
comment on column run_event.at is 'when';
comment on column run_event.state_before is 'the state before; null when the run was made';
comment on column run_event.state_after is 'the state after';
comment on column run_event.actor is 'who did it: a worker, the reaper, a user';
comment on column run_event.reason is 'why';
create index run_event_run_id on run_event (run_id);

create table step (
    run_id bigint not null references run (id),
    name text not null,
    position bigint not null,
    state text not null,
    attempt bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    rows_in bigint,
    rows_out bigint,
    output jsonb,
    error text,
    primary key (run_id, name)
);
comment on table step is 'a step of a run';
comment on column step.run_id is 'the run';
comment on column step.name is 'the step, unique in the run';
comment on column step.position is 'its place in the job, from 0';
comment on column step.state is 'running, succeeded, failed, cancelled, skipped, stopped';
comment on column step.attempt is 'how often it was begun';
comment on column step.started_at is 'when it was begun last';
comment on column step.finished_at is 'when it ended';
comment on column step.rows_in is 'rows that it took in';
comment on column step.rows_out is 'rows that it gave out';
comment on column step.output is 'what later steps and the report need of it: names of frames, counts';
comment on column step.error is 'what failed, without personal data';

create table schedule (
    job text primary key,
    last_due_at timestamptz not null,
    paused_at timestamptz,
    paused_by text,
    updated_at timestamptz not null
);
comment on table schedule is 'how far the planner has come with each job';
comment on column schedule.job is 'the job';
comment on column schedule.last_due_at is 'the last due time for which a tick was made, or from which the planner began';
comment on column schedule.paused_at is 'since when no ticks are made';
comment on column schedule.paused_by is 'who paused it';
comment on column schedule.updated_at is 'when this row changed last';

create table tick (
    job text not null,
    due_at timestamptz not null,
    state text not null,
    run_id bigint references run (id),
    created_at timestamptz not null,
    primary key (job, due_at)
);
comment on table tick is 'one due time of one job';
comment on column tick.job is 'the job';
comment on column tick.due_at is 'the due time';
comment on column tick.state is 'planned, skipped, missed';
comment on column tick.run_id is 'the run that was made for it, in the same transaction';
comment on column tick.created_at is 'when the planner made it';
create index tick_run_id on tick (run_id);

create table batch (
    run_id bigint not null references run (id),
    source text not null,
    number bigint not null,
    frame text,
    origin text not null,
    complete_listing boolean not null,
    rows_read bigint not null,
    rows_staged bigint not null,
    rows_unchanged bigint not null,
    rows_collapsed bigint not null,
    rows_rejected bigint not null,
    created_at timestamptz not null,
    primary key (run_id, source, number)
);
comment on table batch is 'a page of a source at rest';
comment on column batch.run_id is 'the run that pulled it';
comment on column batch.source is 'the source';
comment on column batch.number is 'the page''s number within run and source, from 0';
comment on column batch.frame is 'the name of its frame at rest; null when it held nothing new';
comment on column batch.origin is 'the file or endpoint that it came from';
comment on column batch.complete_listing is 'whether it belongs to a complete listing';
comment on column batch.rows_read is 'records read: staged, rejected, unchanged and collapsed ones';
comment on column batch.rows_staged is 'rows put at rest';
comment on column batch.rows_unchanged is 'rows that were as they were known';
comment on column batch.rows_collapsed is 'rows left out because the page held them already';
comment on column batch.rows_rejected is 'rows that could not be read';
comment on column batch.created_at is 'when it came to rest';

create table source_cursor (
    source text primary key,
    cursor jsonb not null,
    columns jsonb not null,
    listing_rows bigint,
    listed_at timestamptz,
    newest_data_at timestamptz,
    run_id bigint not null,
    updated_at timestamptz not null
);
comment on table source_cursor is 'how far each source has been read';
comment on column source_cursor.source is 'the source';
comment on column source_cursor.cursor is 'where the next pull goes on; only the connector understands it';
comment on column source_cursor.columns is 'the columns seen last, to notice drift';
comment on column source_cursor.listing_rows is 'rows of the last complete listing, to notice one that shrank';
comment on column source_cursor.listed_at is 'when the last complete listing was read to its end';
comment on column source_cursor.newest_data_at is 'the newest time that the data speaks of, to notice staleness';
comment on column source_cursor.run_id is 'the run that saved it';
comment on column source_cursor.updated_at is 'when it was saved';

create table reject (
    id bigint generated always as identity primary key,
    source text not null,
    digest bigint not null,
    run_id bigint not null,
    origin text not null,
    line bigint,
    column_name text,
    reason text not null,
    detail text not null,
    raw text not null,
    state text not null,
    times bigint not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    resolved_at timestamptz,
    resolved_by text,
    unique (source, digest)
);
comment on table reject is 'rows that could not be read';
comment on column reject.id is 'its number';
comment on column reject.source is 'the source';
comment on column reject.digest is 'a hash of reason, column and row, by which it is known when it comes again';
comment on column reject.run_id is 'the run that met it last; the run may have been removed since';
comment on column reject.origin is 'the file or endpoint where it was met last';
comment on column reject.line is 'the line, the sheet''s row, or the number of the element';
comment on column reject.column_name is 'the column that is wrong';
comment on column reject.reason is 'a stable code';
comment on column reject.detail is 'what is wrong, without personal data';
comment on column reject.raw is 'the row as received: personal data';
comment on column reject.state is 'open, resolved, dismissed';
comment on column reject.times is 'how many runs met it';
comment on column reject.first_seen_at is 'when it was met first';
comment on column reject.last_seen_at is 'when it was met last';
comment on column reject.resolved_at is 'when it was resolved or dismissed';
comment on column reject.resolved_by is 'who resolved or dismissed it; null: a later delivery did';
create index reject_state on reject (state, source);

create table person (
    id text collate "C" primary key,
    state text not null,
    merged_into text collate "C",
    salutation text,
    title text,
    given_name text,
    surname text,
    birth_surname text,
    sex text,
    birth_date text,
    email text collate "C",
    mobile text,
    phone text,
    street text,
    house_number text,
    address_extra text,
    postal_code text,
    city text,
    country text,
    membership_number text,
    is_member boolean,
    joined_on text,
    left_on text,
    org_unit text,
    interests jsonb,
    consents jsonb,
    answers jsonb,
    household_id text,
    sources jsonb,
    records bigint,
    first_seen timestamptz,
    updated_at timestamptz,
    search_name text collate "C" not null,
    run_id bigint not null
);
comment on table person is 'one golden row a person';
comment on column person.id is 'the id: opaque, issued once, never reused';
comment on column person.state is 'active, gone (in no source any more), merged (turned out to be another person)';
comment on column person.merged_into is 'the person who bears the id now, when merged';
comment on column person.salutation is 'Frau, Herr';
comment on column person.title is 'academic titles';
comment on column person.given_name is 'all given names, in order';
comment on column person.surname is 'surname with particles';
comment on column person.birth_surname is 'surname at birth';
comment on column person.sex is 'f, m or d';
comment on column person.birth_date is '1984-03-05, or 1984 where only the year is known';
comment on column person.email is 'e-mail address, lower case';
comment on column person.mobile is 'mobile number, E.164';
comment on column person.phone is 'landline number, E.164';
comment on column person.street is 'street';
comment on column person.house_number is 'house number with affix';
comment on column person.address_extra is 'c/o, Postfach, Hinterhaus';
comment on column person.postal_code is 'PLZ';
comment on column person.city is 'place';
comment on column person.country is 'ISO 3166-1 alpha-2';
comment on column person.membership_number is 'membership number';
comment on column person.is_member is 'whether a source holds the person to be a member';
comment on column person.joined_on is 'day of joining, as birth_date';
comment on column person.left_on is 'day of leaving, as birth_date';
comment on column person.org_unit is 'org unit to which the person belongs';
comment on column person.interests is 'sorted array of texts';
comment on column person.consents is 'array of objects: purpose, state, at, source';
comment on column person.answers is 'array of objects: survey, date, question, answer';
comment on column person.household_id is 'shared by the persons of one household';
comment on column person.sources is 'the sources that know the person, sorted array of texts';
comment on column person.records is 'records of the person';
comment on column person.first_seen is 'when the person was first seen';
comment on column person.updated_at is 'when the person changed last';
comment on column person.search_name is 'surname, given names and surname at birth, folded for searching';
comment on column person.run_id is 'the run that wrote this row last';
create index person_search_name on person (search_name);
create index person_email on person (email) where email is not null;
create index person_mobile on person (mobile) where mobile is not null;
create index person_phone on person (phone) where phone is not null;
create index person_membership_number on person (membership_number) where membership_number is not null;
create index person_postal_code on person (postal_code) where postal_code is not null;
create index person_org_unit on person (org_unit) where org_unit is not null;
create index person_household_id on person (household_id) where household_id is not null;

create table person_record (
    source text collate "C" not null,
    key text collate "C" not null,
    person_id text collate "C" not null,
    present boolean not null,
    first_seen timestamptz,
    primary key (source, key)
);
comment on table person_record is 'which person each record belongs to';
comment on column person_record.source is 'the source';
comment on column person_record.key is 'the key inside the source';
comment on column person_record.person_id is 'the person';
comment on column person_record.present is 'whether the source still has it';
comment on column person_record.first_seen is 'when it was first seen';
create index person_record_person_id on person_record (person_id);

create table person_value (
    person_id text collate "C" not null,
    field text not null,
    value text,
    source text collate "C",
    key text collate "C",
    survives boolean not null,
    reason text
);
comment on table person_value is 'the values that the records of a person hold, with provenance';
comment on column person_value.person_id is 'the person';
comment on column person_value.field is 'the field';
comment on column person_value.value is 'the value';
comment on column person_value.source is 'the source that holds it';
comment on column person_value.key is 'the record that holds it';
comment on column person_value.survives is 'whether it is the person''s value';
comment on column person_value.reason is 'why it survived, or did not';
create index person_value_person_id on person_value (person_id);

create table change (
    id bigint generated always as identity primary key,
    run_id bigint not null,
    at timestamptz not null,
    person_id text collate "C" not null,
    kind text not null,
    field text,
    old text,
    new text,
    org_unit_before text,
    org_unit_after text
);
comment on table change is 'what changed, by person, kind and field';
comment on column change.id is 'its number, growing with time';
comment on column change.run_id is 'the run that published it; the run may have been removed since';
comment on column change.at is 'when it was published';
comment on column change.person_id is 'the person';
comment on column change.kind is 'the kind of change';
comment on column change.field is 'the field, where one field changed';
comment on column change.old is 'the value before';
comment on column change.new is 'the value after';
comment on column change.org_unit_before is 'the person''s org unit before';
comment on column change.org_unit_after is 'the person''s org unit after';
create index change_person_id on change (person_id);
create index change_run_id on change (run_id);
create index change_at on change (at);

create table org_unit (
    id text primary key,
    name text not null,
    parent text,
    level text,
    postal_codes jsonb not null,
    aliases jsonb not null,
    position bigint not null
);
comment on table org_unit is 'the organisation''s tree';
comment on column org_unit.id is 'a short, lasting id';
comment on column org_unit.name is 'the name that people read';
comment on column org_unit.parent is 'the unit above; null for a root';
comment on column org_unit.level is 'state, district, branch, ...';
comment on column org_unit.postal_codes is 'the postal areas that it owns, as written in org.toml';
comment on column org_unit.aliases is 'other names under which sources know it';
comment on column org_unit.position is 'its place in org.toml, from 0';
create index org_unit_parent on org_unit (parent);

create table officer (
    id bigint generated always as identity primary key,
    org_unit text not null,
    email text not null,
    language text not null,
    kinds jsonb
);
comment on table officer is 'who is told of changes';
comment on column officer.id is 'its number';
comment on column officer.org_unit is 'the unit; units below are included';
comment on column officer.email is 'where notices go';
comment on column officer.language is 'de or en';
comment on column officer.kinds is 'the kinds of change asked for; null: all';

create table review_item (
    id bigint generated always as identity primary key,
    left_source text collate "C" not null,
    left_key text collate "C" not null,
    right_source text collate "C" not null,
    right_key text collate "C" not null,
    reason text not null,
    probability double precision not null,
    impact bigint not null,
    position bigint not null,
    created_at timestamptz not null,
    run_id bigint not null,
    unique (left_source, left_key, right_source, right_key)
);
comment on table review_item is 'pairs that a human should look at';
comment on column review_item.id is 'its number';
comment on column review_item.left_source is 'the smaller record: its source';
comment on column review_item.left_key is 'the smaller record: its key';
comment on column review_item.right_source is 'the larger record: its source';
comment on column review_item.right_key is 'the larger record: its key';
comment on column review_item.reason is 'why it is asked about';
comment on column review_item.probability is 'the probability that they are one person';
comment on column review_item.impact is 'records that the answer would move';
comment on column review_item.position is 'its place in the queue, from 0';
comment on column review_item.created_at is 'since when it waits';
comment on column review_item.run_id is 'the run that asked last';
create index review_item_position on review_item (position);

create table judgement (
    id bigint generated always as identity primary key,
    left_source text collate "C" not null,
    left_key text collate "C" not null,
    right_source text collate "C" not null,
    right_key text collate "C" not null,
    verdict text not null,
    at timestamptz not null,
    by_user text not null,
    reason text,
    undone_at timestamptz,
    undone_by text,
    undone_reason text
);
comment on table judgement is 'what stewards said of pairs; undone, never deleted';
comment on column judgement.id is 'its number, growing with time';
comment on column judgement.left_source is 'the smaller record: its source';
comment on column judgement.left_key is 'the smaller record: its key';
comment on column judgement.right_source is 'the larger record: its source';
comment on column judgement.right_key is 'the larger record: its key';
comment on column judgement.verdict is 'same, different, unsure';
comment on column judgement.at is 'when it was said';
comment on column judgement.by_user is 'who said it';
comment on column judgement.reason is 'why';
comment on column judgement.undone_at is 'when it was undone';
comment on column judgement.undone_by is 'who undid it';
comment on column judgement.undone_reason is 'why it was undone';
create index judgement_pair on judgement (left_source, left_key, right_source, right_key);
create index judgement_right on judgement (right_source, right_key);

create table person_override (
    id bigint generated always as identity primary key,
    person_id text collate "C" not null,
    field text not null,
    value text,
    set_at timestamptz not null,
    set_by text not null,
    reason text,
    lifted_at timestamptz,
    lifted_by text
);
comment on table person_override is 'values set by hand, which hold until lifted';
comment on column person_override.id is 'its number';
comment on column person_override.person_id is 'the person';
comment on column person_override.field is 'the field';
comment on column person_override.value is 'the value; null: the field is empty';
comment on column person_override.set_at is 'when it was set';
comment on column person_override.set_by is 'who set it';
comment on column person_override.reason is 'why';
comment on column person_override.lifted_at is 'when it was lifted';
comment on column person_override.lifted_by is 'who lifted it';
create index person_override_person_id on person_override (person_id);
create unique index person_override_active on person_override (person_id, field) where lifted_at is null;

create table outbox (
    id bigint generated always as identity primary key,
    deduplication_key text not null unique,
    run_id bigint,
    kind text not null,
    recipient text not null,
    subject text not null,
    text_body text not null,
    html_body text not null,
    message_id text,
    state text not null,
    attempts bigint not null,
    next_attempt_at timestamptz not null,
    leased_by text,
    lease_until timestamptz,
    created_at timestamptz not null,
    sent_at timestamptz,
    error text
);
comment on table outbox is 'mails to send and sent';
comment on column outbox.id is 'its number';
comment on column outbox.deduplication_key is 'what makes it this mail and no other';
comment on column outbox.run_id is 'the run that wrote it; the run may have been removed since';
comment on column outbox.kind is 'notice, alert, ...';
comment on column outbox.recipient is 'where it goes';
comment on column outbox.subject is 'the subject';
comment on column outbox.text_body is 'the plain text';
comment on column outbox.html_body is 'the HTML';
comment on column outbox.message_id is 'the Message-ID, the same for each attempt; null: made from the id';
comment on column outbox.state is 'queued, sent, failed';
comment on column outbox.attempts is 'attempts made';
comment on column outbox.next_attempt_at is 'not to be tried before this';
comment on column outbox.leased_by is 'the worker that tries it, or tried it last';
comment on column outbox.lease_until is 'until when nobody else may try it';
comment on column outbox.created_at is 'when it was written';
comment on column outbox.sent_at is 'when the transport took it';
comment on column outbox.error is 'why the last attempt failed, without addresses';
create index outbox_queued on outbox (next_attempt_at) where state = 'queued';
create index outbox_run_id on outbox (run_id);

create table run_statistics (
    run_id bigint primary key references run (id),
    statistics jsonb not null,
    created_at timestamptz not null
);
comment on table run_statistics is 'the figures of a run';
comment on column run_statistics.run_id is 'the run';
comment on column run_statistics.statistics is 'the figures, as the report reads them';
comment on column run_statistics.created_at is 'when they were written';

create table publication (
    id bigint primary key check (id = 1),
    run_id bigint not null references run (id),
    published_at timestamptz not null,
    frames jsonb not null
);
comment on table publication is 'what is visible now: a single row';
comment on column publication.id is 'always 1';
comment on column publication.run_id is 'the run that published last';
comment on column publication.published_at is 'when it published';
comment on column publication.frames is 'the frames at rest that belong to it: what for, name';

create table setting (
    name text primary key,
    value text not null,
    created_at timestamptz not null
);
comment on table setting is 'what belongs to the installation, such as its secret';
comment on column setting.name is 'the setting';
comment on column setting.value is 'its value';
comment on column setting.created_at is 'when it was made';

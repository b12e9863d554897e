-- What stewards decide on whole persons, told as judgements on pairs.

create table person_event (
    id bigint generated always as identity primary key,
    kind text not null,
    persons jsonb not null,
    records jsonb not null,
    at timestamptz not null,
    by_user text not null,
    reason text,
    undone_at timestamptz,
    undone_by text,
    undone_reason text
);
comment on table person_event is 'A merge or a split of persons by hand; undone, never deleted.';
comment on column person_event.id is 'its number, growing with time';
comment on column person_event.kind is 'merge, split';
comment on column person_event.persons is 'the persons that it names, array of ids: of a merge both, of a split the one';
comment on column person_event.records is 'the records that it parts from the person, array of objects: source, key; empty for a merge';
comment on column person_event.at is 'when it was decided';
comment on column person_event.by_user is 'who decided it';
comment on column person_event.reason is 'why';
comment on column person_event.undone_at is 'when it was undone';
comment on column person_event.undone_by is 'who undid it';
comment on column person_event.undone_reason is 'why it was undone';

create table person_event_judgement (
    event_id bigint not null references person_event (id),
    judgement_id bigint not null references judgement (id),
    primary key (event_id, judgement_id)
);
comment on table person_event_judgement is 'The judgements that make up a merge or a split: they are undone with it.';
comment on column person_event_judgement.event_id is 'the merge or split';
comment on column person_event_judgement.judgement_id is 'the judgement';

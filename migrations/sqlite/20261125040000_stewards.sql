-- What stewards decide on whole persons, told as judgements on pairs.

-- A merge or a split of persons by hand; undone, never deleted.
create table person_event (
    id integer primary key autoincrement, -- its number, growing with time
    kind text not null, -- merge, split
    persons text not null, -- the persons that it names, array of ids: of a merge both, of a split the one
    records text not null, -- the records that it parts from the person, array of objects: source, key; empty for a merge
    at text not null, -- when it was decided
    by_user text not null, -- who decided it
    reason text, -- why
    undone_at text, -- when it was undone
    undone_by text, -- who undid it
    undone_reason text -- why it was undone
);

-- The judgements that make up a merge or a split: they are undone with it.
create table person_event_judgement (
    event_id integer not null references person_event (id), -- the merge or split
    judgement_id integer not null references judgement (id), -- the judgement
    primary key (event_id, judgement_id)
);

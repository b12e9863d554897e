-- What a source handed over at one time, with the verdict on it: only what was accepted is consolidated.

create table delivery (
    id integer primary key autoincrement, -- its number
    source text not null, -- the source
    run_id integer, -- the run that staged it last, which may have been removed since; null: no run did
    kind text not null, -- listing, delta, base (older ones folded into one), retirement (the source is taken out)
    origin text not null, -- the file or endpoint that it came from
    fingerprint text not null, -- the same when the same content comes again
    state text not null, -- staged, accepted, discarded, rehearsal, published, forgotten, folded
    complete integer not null, -- whether all its pages are at rest
    sequence integer not null, -- its place in the order in which deliveries take effect
    base integer, -- the delivery on whose place in the source it builds; null: none before it
    data_at text, -- when its origin last changed
    staged_at text not null, -- when it was staged first
    decided_at text, -- when it was accepted, discarded or forgotten
    decided_by text, -- who did that: run and its number, or a user
    reason text, -- why it waits, or was discarded or forgotten, without personal data
    verdicts text not null, -- what each guard saw, an array of objects
    accepted_guards text not null, -- guards that a human lets it pass, sorted array of texts
    counts text not null, -- what its pages held, an object
    effects text not null, -- what accepting it does to the quarantine, an object
    cursor text, -- where the next pull goes on once it is accepted, an object
    cursor_before text, -- what that replaced, so that it can be taken back, an object
    published_by integer, -- the run that published it, which may have been removed since
    heard_at text, -- when that run heard it: what its rows without a time are dated by
    undone_by integer -- the run that published without it after it was forgotten
);
create index delivery_state on delivery (state, source);
create index delivery_source on delivery (source, sequence);

alter table batch add column delivery_id /* the delivery to which it belongs */ integer;
create index batch_delivery_id on batch (delivery_id);
drop index batch_waiting;

alter table source_cursor add column delivery_id /* the delivery whose acceptance moved it last */ integer;
alter table source_cursor add column anew /* whether the next pull begins anew: a delivery was forgotten */ integer;

alter table reject add column delivery_id /* the delivery that held it last */ integer;

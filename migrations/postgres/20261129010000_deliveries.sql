-- What a source handed over at one time, with the verdict on it: only what was accepted is consolidated.

create table delivery (
    id bigint generated always as identity primary key,
    source text not null,
    run_id bigint,
    kind text not null,
    origin text not null,
    fingerprint text not null,
    state text not null,
    complete boolean not null,
    sequence bigint not null,
    base bigint,
    data_at timestamptz,
    staged_at timestamptz not null,
    decided_at timestamptz,
    decided_by text,
    reason text,
    verdicts jsonb not null,
    accepted_guards jsonb not null,
    counts jsonb not null,
    effects jsonb not null,
    cursor jsonb,
    cursor_before jsonb,
    published_by bigint,
    heard_at timestamptz,
    undone_by bigint
);
comment on table delivery is 'what a source handed over at one time, with the verdict on it';
comment on column delivery.id is 'its number';
comment on column delivery.source is 'the source';
comment on column delivery.run_id is 'the run that staged it last, which may have been removed since; null: no run did';
comment on column delivery.kind is 'listing, delta, base (older ones folded into one), retirement (the source is taken out)';
comment on column delivery.origin is 'the file or endpoint that it came from';
comment on column delivery.fingerprint is 'the same when the same content comes again';
comment on column delivery.state is 'staged, accepted, discarded, rehearsal, published, forgotten, folded';
comment on column delivery.complete is 'whether all its pages are at rest';
comment on column delivery.sequence is 'its place in the order in which deliveries take effect';
comment on column delivery.base is 'the delivery on whose place in the source it builds; null: none before it';
comment on column delivery.data_at is 'when its origin last changed';
comment on column delivery.staged_at is 'when it was staged first';
comment on column delivery.decided_at is 'when it was accepted, discarded or forgotten';
comment on column delivery.decided_by is 'who did that: run and its number, or a user';
comment on column delivery.reason is 'why it waits, or was discarded or forgotten, without personal data';
comment on column delivery.verdicts is 'what each guard saw, an array of objects';
comment on column delivery.accepted_guards is 'guards that a human lets it pass, sorted array of texts';
comment on column delivery.counts is 'what its pages held, an object';
comment on column delivery.effects is 'what accepting it does to the quarantine, an object';
comment on column delivery.cursor is 'where the next pull goes on once it is accepted, an object';
comment on column delivery.cursor_before is 'what that replaced, so that it can be taken back, an object';
comment on column delivery.published_by is 'the run that published it, which may have been removed since';
comment on column delivery.heard_at is 'when that run heard it: what its rows without a time are dated by';
comment on column delivery.undone_by is 'the run that published without it after it was forgotten';
create index delivery_state on delivery (state, source);
create index delivery_source on delivery (source, sequence);

alter table batch add column delivery_id bigint;
comment on column batch.delivery_id is 'the delivery to which it belongs';
create index batch_delivery_id on batch (delivery_id);
drop index batch_waiting;

alter table source_cursor add column delivery_id bigint;
comment on column source_cursor.delivery_id is 'the delivery whose acceptance moved it last';
alter table source_cursor add column anew boolean;
comment on column source_cursor.anew is 'whether the next pull begins anew: a delivery was forgotten';

alter table reject add column delivery_id bigint;
comment on column reject.delivery_id is 'the delivery that held it last';

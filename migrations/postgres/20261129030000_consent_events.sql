-- What people said of consents: rows are added, and none is changed.

create table consent_event (
    id bigint generated always as identity primary key,
    source text collate "C" not null,
    key text collate "C" not null,
    purpose text not null,
    state text not null,
    said_at timestamptz,
    said_precision text not null,
    heard_at timestamptz not null,
    address_hash text collate "C",
    name_hash text,
    sex text,
    proof text,
    by_whom text,
    delivery_id bigint,
    run_id bigint,
    mark bigint not null
);
create index consent_event_record on consent_event (source, key);
create index consent_event_address on consent_event (address_hash) where address_hash is not null;
comment on table consent_event is 'One word on one purpose, as one record told it, or as it was heard elsewhere.';
comment on column consent_event.id is 'its number, growing with time';
comment on column consent_event.source is 'the source that told it; desk: heard elsewhere, its key is the id of a person';
comment on column consent_event.key is 'the key of the record inside the source; of the desk the id of the person';
comment on column consent_event.purpose is 'the purpose, such as newsletter';
comment on column consent_event.state is 'granted, pending, unclear, withdrawn';
comment on column consent_event.said_at is 'when it was said; of a day alone the instant from which it counts; null when the source does not tell';
comment on column consent_event.said_precision is 'how exactly that is known: instant, day, unknown';
comment on column consent_event.heard_at is 'when it was first heard, never before the publication that was the last then';
comment on column consent_event.address_hash is 'a keyed hash of the mail address that it is about; null: the person, whatever the address';
comment on column consent_event.name_hash is 'keyed hashes of the given names that the record bore, each of 8 digits, parted by dots';
comment on column consent_event.sex is 'the sex that the record bore: f, m, x';
comment on column consent_event.proof is 'what proves it, as far as the source tells';
comment on column consent_event.by_whom is 'who entered it, when it was no source';
comment on column consent_event.delivery_id is 'the delivery that brought it, where that is known';
comment on column consent_event.run_id is 'the run that heard it; null when it was no run';
comment on column consent_event.mark is 'a checksum of the row, by the sum of which a copy of the table is compared';

-- Erasure and restriction: what keeps an erased person away, who is kept and not used, and that it happened.

create table erasure (
    id text collate "C" primary key,
    kind text not null,
    person_id text collate "C" not null,
    state text not null,
    requested_at timestamptz not null,
    requested_by text not null,
    reason text not null,
    removed_at timestamptz,
    done_at timestamptz,
    counts jsonb,
    leftovers jsonb,
    renew jsonb,
    lifted_at timestamptz,
    lifted_by text,
    lifted_reason text
);
comment on table erasure is 'a person that was erased, or whose values were removed since it is long gone; what is left of it';
comment on column erasure.id is 'opaque; the list of erasures in the data folder has the same';
comment on column erasure.kind is 'erased (on demand; it does not come back), blanked (gone for longer than is kept; it may come back as somebody new)';
comment on column erasure.person_id is 'the id that the person bore, which says nothing of the person and is never issued again';
comment on column erasure.state is 'requested, removed (from the tables; frames and files are left), done, lifted (it may come back)';
comment on column erasure.requested_at is 'when it was asked for';
comment on column erasure.requested_by is 'who asked for it';
comment on column erasure.reason is 'why, without personal data';
comment on column erasure.removed_at is 'when the tables were free of it';
comment on column erasure.done_at is 'when all was free of it';
comment on column erasure.counts is 'what was removed: what, rows or files';
comment on column erasure.leftovers is 'names of mails in the folder that have yet to be removed, array of texts; null: none';
comment on column erasure.renew is 'persons that held a record of the erased one, array of ids: the next run makes them anew';
comment on column erasure.lifted_at is 'since when it may come back';
comment on column erasure.lifted_by is 'who lifted it';
comment on column erasure.lifted_reason is 'why it was lifted';
create index erasure_open on erasure (state) where state in ('requested', 'removed');
create index erasure_person_id on erasure (person_id);

create table erasure_hash (
    erasure_id text collate "C" not null references erasure (id),
    kind text not null,
    hash text collate "C" not null,
    primary key (erasure_id, hash)
);
comment on table erasure_hash is 'by what an erased person is known again when a source delivers it once more: keyed hashes, no values';
comment on column erasure_hash.erasure_id is 'the erasure';
comment on column erasure_hash.kind is 'record (source and key), contact (name and address or number), place (name, birth date, PLZ), birth (name and birth date), born (name of one whose birth date is known), reject (a row in quarantine)';
comment on column erasure_hash.hash is 'the keyed hash, 32 hexadecimal digits';

create table erasure_event (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    kind text not null,
    person_id text collate "C" not null,
    erasure_id text collate "C",
    by_user text not null,
    reason text,
    counts jsonb
);
comment on table erasure_event is 'what was done about erasures and restrictions, by whom; kept for good, without personal data';
comment on column erasure_event.id is 'its number, growing with time';
comment on column erasure_event.at is 'when';
comment on column erasure_event.kind is 'requested, found_again (after a restore), removed, done, readmitted, restricted, unrestricted, blanked';
comment on column erasure_event.person_id is 'the person';
comment on column erasure_event.erasure_id is 'the erasure, where it is about one';
comment on column erasure_event.by_user is 'who did it';
comment on column erasure_event.reason is 'why';
comment on column erasure_event.counts is 'what was removed: what, rows or files';
create index erasure_event_person_id on erasure_event (person_id);

create table restriction (
    id bigint generated always as identity primary key,
    person_id text collate "C" not null,
    at timestamptz not null,
    by_user text not null,
    reason text not null,
    lifted_at timestamptz,
    lifted_by text,
    lifted_reason text
);
comment on table restriction is 'a person whose data are kept and not used (Art. 18 GDPR); lifted, never deleted';
comment on column restriction.id is 'its number, growing with time';
comment on column restriction.person_id is 'the person that was named';
comment on column restriction.at is 'since when';
comment on column restriction.by_user is 'who restricted it';
comment on column restriction.reason is 'why';
comment on column restriction.lifted_at is 'until when; null: it holds';
comment on column restriction.lifted_by is 'who lifted it';
comment on column restriction.lifted_reason is 'why it was lifted';

create table restricted_record (
    source text collate "C" not null,
    key text collate "C" not null,
    since timestamptz not null,
    primary key (source, key)
);
comment on table restricted_record is 'the records of restricted persons: whoever bears one is restricted, through merges and splits';
comment on column restricted_record.source is 'the source';
comment on column restricted_record.key is 'the key inside the source';
comment on column restricted_record.since is 'since when';

alter table person add column restricted boolean;
comment on column person.restricted is 'whether it is restricted (Art. 18 GDPR): in no mail, export or notice; null: it is not';
alter table person add column blanked_at timestamptz;
comment on column person.blanked_at is 'when its values were removed since it had been gone for long; null: they were not';
create index person_restricted on person (id) where restricted;

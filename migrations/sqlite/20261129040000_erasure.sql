-- Erasure and restriction: what keeps an erased person away, who is kept and not used, and that it happened.

-- A person that was erased, or whose values were removed since it is long gone; what is left of it.
create table erasure (
    id text primary key, -- opaque; the list of erasures in the data folder has the same
    kind text not null, -- erased (on demand; it does not come back), blanked (gone for longer than is kept; it may come back as somebody new)
    person_id text not null, -- the id that the person bore, which says nothing of the person and is never issued again
    state text not null, -- requested, removed (from the tables; frames and files are left), done, lifted (it may come back)
    requested_at text not null, -- when it was asked for
    requested_by text not null, -- who asked for it
    reason text not null, -- why, without personal data
    removed_at text, -- when the tables were free of it
    done_at text, -- when all was free of it
    counts text, -- what was removed: what, rows or files
    leftovers text, -- names of mails in the folder that have yet to be removed, array of texts; null: none
    renew text, -- persons that held a record of the erased one, array of ids: the next run makes them anew
    lifted_at text, -- since when it may come back
    lifted_by text, -- who lifted it
    lifted_reason text -- why it was lifted
);
create index erasure_open on erasure (state) where state in ('requested', 'removed');
create index erasure_person_id on erasure (person_id);

-- By what an erased person is known again when a source delivers it once more: keyed hashes, no values.
create table erasure_hash (
    erasure_id text not null references erasure (id), -- the erasure
    kind text not null, -- record (source and key), contact (name and address or number), place (name, birth date, PLZ), birth (name and birth date), born (name of one whose birth date is known), reject (a row in quarantine)
    hash text not null, -- the keyed hash, 32 hexadecimal digits
    primary key (erasure_id, hash)
);

-- What was done about erasures and restrictions, by whom; kept for good, without personal data.
create table erasure_event (
    id integer primary key autoincrement, -- its number, growing with time
    at text not null, -- when
    kind text not null, -- requested, found_again (after a restore), removed, done, readmitted, restricted, unrestricted, blanked
    person_id text not null, -- the person
    erasure_id text, -- the erasure, where it is about one
    by_user text not null, -- who did it
    reason text, -- why
    counts text -- what was removed: what, rows or files
);
create index erasure_event_person_id on erasure_event (person_id);

-- A person whose data are kept and not used (Art. 18 GDPR); lifted, never deleted.
create table restriction (
    id integer primary key autoincrement, -- its number, growing with time
    person_id text not null, -- the person that was named
    at text not null, -- since when
    by_user text not null, -- who restricted it
    reason text not null, -- why
    lifted_at text, -- until when; null: it holds
    lifted_by text, -- who lifted it
    lifted_reason text -- why it was lifted
);

-- The records of restricted persons: whoever bears one is restricted, through merges and splits.
create table restricted_record (
    source text not null, -- the source
    key text not null, -- the key inside the source
    since text not null, -- since when
    primary key (source, key)
);

alter table person add column restricted /* whether it is restricted (Art. 18 GDPR): in no mail, export or notice; null: it is not */ integer;
alter table person add column blanked_at /* when its values were removed since it had been gone for long; null: they were not */ text;
create index person_restricted on person (id) where restricted;

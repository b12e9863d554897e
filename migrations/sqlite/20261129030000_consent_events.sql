-- What people said of consents: rows are added, and none is changed.

-- One word on one purpose, as one record told it, or as it was heard elsewhere.
create table consent_event (
    id integer primary key autoincrement, -- its number, growing with time
    source text not null, -- the source that told it; desk: heard elsewhere, its key is the id of a person
    key text not null, -- the key of the record inside the source; of the desk the id of the person
    purpose text not null, -- the purpose, such as newsletter
    state text not null, -- granted, pending, unclear, withdrawn
    said_at text, -- when it was said; of a day alone the instant from which it counts; null when the source does not tell
    said_precision text not null, -- how exactly that is known: instant, day, unknown
    heard_at text not null, -- when it was first heard, never before the publication that was the last then
    address_hash text, -- a keyed hash of the mail address that it is about; null: the person, whatever the address
    name_hash text, -- keyed hashes of the given names that the record bore, each of 8 digits, parted by dots
    sex text, -- the sex that the record bore: f, m, x
    proof text, -- what proves it, as far as the source tells
    by_whom text, -- who entered it, when it was no source
    delivery_id integer, -- the delivery that brought it, where that is known
    run_id integer, -- the run that heard it; null when it was no run
    mark integer not null -- a checksum of the row, by the sum of which a copy of the table is compared
);
create index consent_event_record on consent_event (source, key);
create index consent_event_address on consent_event (address_hash) where address_hash is not null;

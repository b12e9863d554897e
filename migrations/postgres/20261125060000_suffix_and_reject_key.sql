-- What tells father and son of one name apart.
alter table person add column name_suffix text;
comment on column person.name_suffix is 'jun., sen.';

-- By these a row in quarantine is known to be mended: its file came with other content, or its record came again.
alter table reject add column record_key text;
comment on column reject.record_key is 'the record''s key, as far as it could be read';
alter table reject add column delivery text;
comment on column reject.delivery is 'the fingerprint of the delivery that held it last';

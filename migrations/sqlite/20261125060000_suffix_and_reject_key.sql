-- What tells father and son of one name apart.
alter table person add column name_suffix /* jun., sen. */ text;

-- By these a row in quarantine is known to be mended: its file came with other content, or its record came again.
alter table reject add column record_key /* the record's key, as far as it could be read */ text;
alter table reject add column delivery /* the fingerprint of the delivery that held it last */ text;

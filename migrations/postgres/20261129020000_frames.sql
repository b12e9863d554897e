-- Frames that prove themselves: what the store names of a frame is enough to know it again.

alter table batch add column kind text;
comment on column batch.kind is 'what its frame holds: rows, gone';
alter table publication add column frames_before jsonb;
comment on column publication.frames_before is 'the frames of the publication before this one: what for, reference';
alter table publication add column digest text;
comment on column publication.digest is 'a digest of what its frames hold';

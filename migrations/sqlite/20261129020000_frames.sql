-- Frames that prove themselves: what the store names of a frame is enough to know it again.

alter table batch add column kind /* what its frame holds: rows, gone */ text;
alter table publication add column frames_before /* the frames of the publication before this one: what for, reference */ text;
alter table publication add column digest /* a digest of what its frames hold */ text;

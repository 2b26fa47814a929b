-- A clip may be a recording of a show of its creator's: the part of it that begins so long after the show did.

ALTER TABLE vods
    ADD COLUMN show_id uuid REFERENCES streams ON DELETE SET NULL,
    ADD COLUMN begins_ms int NOT NULL DEFAULT 0 CHECK (begins_ms >= 0);
CREATE INDEX recordings_of_show ON vods (show_id, begins_ms) WHERE show_id IS NOT NULL;

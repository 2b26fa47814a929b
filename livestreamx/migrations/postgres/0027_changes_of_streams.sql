-- Who keeps what is live at hand asks for what has changed since the last look, not for everything.

ALTER TABLE streams ADD COLUMN changed_at timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX streams_by_change ON streams (changed_at);

CREATE FUNCTION note_change_of_stream() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END$$;
CREATE TRIGGER note_change BEFORE UPDATE ON streams FOR EACH ROW EXECUTE FUNCTION note_change_of_stream();

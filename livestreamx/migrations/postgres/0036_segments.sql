-- Clips that slide into a live show: a queue of at most fifty, one on air at a time.

CREATE TABLE segments (
    id          uuid PRIMARY KEY DEFAULT uuidv7(),
    stream_id   uuid NOT NULL REFERENCES streams,
    creator_id  uuid NOT NULL REFERENCES users,
    vod_id      uuid REFERENCES vods ON DELETE SET NULL,
    title       text NOT NULL,
    kind        text NOT NULL,
    duration_ms int NOT NULL CHECK (duration_ms > 0),
    state       text NOT NULL DEFAULT 'queued'
                CHECK (state IN ('queued', 'loading', 'playing', 'played', 'skipped', 'failed')),
    place       int NOT NULL CHECK (place BETWEEN 1 AND 50),
    plays_at    timestamptz,
    queued_by   uuid NOT NULL REFERENCES users,
    queued_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at  timestamptz,
    due_at      timestamptz CHECK ((due_at IS NOT NULL) = (state IN ('loading', 'playing'))),
    ended_at    timestamptz CHECK ((ended_at IS NULL) = (state IN ('queued', 'loading', 'playing'))),
    reason      text NOT NULL DEFAULT '',
    participant text NOT NULL DEFAULT '',
    ingress_id  text NOT NULL DEFAULT '',
    CHECK (state NOT IN ('playing', 'played') OR started_at IS NOT NULL),
    CHECK (vod_id IS NOT NULL OR ended_at IS NOT NULL)
);
CREATE UNIQUE INDEX one_segment_on_air ON segments (stream_id) WHERE state IN ('loading', 'playing');
CREATE INDEX open_segments ON segments (stream_id, place) WHERE state IN ('queued', 'loading', 'playing');
CREATE INDEX open_segments_of_vod ON segments (vod_id) WHERE state IN ('queued', 'loading', 'playing');
CREATE INDEX segments_of_stream ON segments (stream_id, id);
CREATE INDEX ingresses_left ON segments (ended_at) WHERE ingress_id <> '' AND ended_at IS NOT NULL;

CREATE FUNCTION segment_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (OLD.state, NEW.state) IN (
        ('queued', 'loading'), ('loading', 'playing'), ('playing', 'played'),
        ('queued', 'skipped'), ('loading', 'skipped'), ('playing', 'skipped'),
        ('loading', 'failed'), ('playing', 'failed')
    ) THEN
        RAISE EXCEPTION 'a segment that is % cannot become %', OLD.state, NEW.state USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER moves_on BEFORE UPDATE OF state ON segments FOR EACH ROW EXECUTE FUNCTION segment_moves_on();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON segments FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Raids: a creator sends the room on to another live stream, unless that creator does not want to be raided.

CREATE TABLE raids (
    id                uuid PRIMARY KEY DEFAULT uuidv7(),
    stream_id         uuid NOT NULL REFERENCES streams,
    creator_id        uuid NOT NULL REFERENCES users,
    target_id         uuid NOT NULL REFERENCES streams CHECK (target_id <> stream_id),
    target_creator_id uuid NOT NULL REFERENCES users,
    started_by        uuid NOT NULL REFERENCES users,
    state             text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'launched', 'cancelled')),
    started_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    goes_at           timestamptz NOT NULL CHECK (goes_at > started_at),
    ended_at          timestamptz CHECK ((ended_at IS NULL) = (state = 'pending'))
);
CREATE UNIQUE INDEX one_raid_at_a_time ON raids (stream_id) WHERE state = 'pending';
CREATE INDEX raids_due ON raids (goes_at) WHERE state = 'pending';

CREATE FUNCTION raid_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving CONSTANT text[] := '{state,ended_at}';
BEGIN
    IF OLD.state <> 'pending' OR NEW.state = 'pending' OR to_jsonb(OLD) - moving <> to_jsonb(NEW) - moving THEN
        RAISE EXCEPTION 'a raid only moves pending -> launched | cancelled' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER ends_once BEFORE UPDATE ON raids FOR EACH ROW EXECUTE FUNCTION raid_ends_once();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON raids FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Creators who do not want to be raided.
CREATE TABLE raid_refusals (
    creator_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE
);

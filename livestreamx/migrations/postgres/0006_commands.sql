-- Gifts that act: what a channel allows, the queue of commands, the scene they change, and the games they start.

ALTER TABLE gifts ADD COLUMN command_args jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(command_args) = 'object');

-- A creator's switches; an action without a row is as the registry says.
CREATE TABLE command_switches (
    creator_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    action     text NOT NULL,
    enabled    boolean NOT NULL,
    PRIMARY KEY (creator_id, action)
);

-- One command a gift: its id is the gift's, so that no gift can act twice.
CREATE TABLE commands (
    id          uuid PRIMARY KEY REFERENCES gift_events,
    stream_id   uuid NOT NULL REFERENCES streams,
    creator_id  uuid NOT NULL REFERENCES users,
    sender_id   uuid NOT NULL REFERENCES users,
    handle      text NOT NULL,
    action      text NOT NULL,
    args        jsonb NOT NULL CHECK (jsonb_typeof(args) = 'object'),
    state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'rejected', 'expired')),
    reason      text NOT NULL DEFAULT '' CHECK ((reason <> '') = (state = 'rejected')),
    request_id  text NOT NULL DEFAULT '',
    queued_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL CHECK (expires_at > queued_at),
    started_at  timestamptz,
    ends_at     timestamptz CHECK (ends_at >= started_at),
    finished_at timestamptz,
    CHECK ((started_at IS NULL) = (ends_at IS NULL)),
    CHECK (started_at IS NOT NULL OR state NOT IN ('running', 'done')),
    CHECK (started_at IS NULL OR state IN ('running', 'done')),
    CHECK ((finished_at IS NOT NULL) = (state IN ('done', 'rejected', 'expired')))
);
CREATE INDEX commands_waiting ON commands (stream_id, queued_at) WHERE state = 'queued';
CREATE INDEX commands_running ON commands (ends_at) WHERE state = 'running';
CREATE INDEX commands_started ON commands (stream_id, action, started_at DESC) WHERE started_at IS NOT NULL;
CREATE UNIQUE INDEX one_running_command_per_stream ON commands (stream_id) WHERE state = 'running';

-- What was asked for stays as it was; the state moves forward only, so that nothing runs or is refunded twice.
CREATE FUNCTION command_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving CONSTANT text[] := '{state,reason,started_at,ends_at,finished_at}';
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('queued', 'running'), ('queued', 'rejected'), ('queued', 'expired'),
                                      ('running', 'done'))
        OR to_jsonb(OLD) - moving <> to_jsonb(NEW) - moving
        OR (OLD.started_at IS NOT NULL AND (OLD.started_at, OLD.ends_at) IS DISTINCT FROM (NEW.started_at, NEW.ends_at))
    THEN
        RAISE EXCEPTION 'a command only moves queued -> running -> done, or queued -> rejected | expired'
            USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER moves_forward BEFORE UPDATE ON commands FOR EACH ROW EXECUTE FUNCTION command_moves_forward();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON commands FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- How a stream looks; a stream without a row looks plain.
CREATE TABLE scenes (
    stream_id  uuid PRIMARY KEY REFERENCES streams ON DELETE CASCADE,
    theme      text NOT NULL,
    filter     text NOT NULL,
    background text NOT NULL,
    overlays   text[] NOT NULL DEFAULT '{}' CHECK (cardinality(overlays) <= 5)
);

-- A game's seed is secret until the game is over; its hash is published when the game begins.
CREATE TABLE minigames (
    id         uuid PRIMARY KEY REFERENCES commands,
    stream_id  uuid NOT NULL REFERENCES streams,
    game       text NOT NULL CHECK (game IN ('wheel', 'boss', 'tug')),
    terms      jsonb NOT NULL,
    seed       bytea NOT NULL CHECK (length(seed) = 32),
    state      text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'resolved', 'expired')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_at    timestamptz NOT NULL CHECK (ends_at > started_at),
    bonus      jsonb NOT NULL DEFAULT '{}',  -- what command gifts added, by user
    draw       jsonb CHECK ((draw IS NULL) = (state = 'running')),  -- the revealed proof
    winner_id  uuid REFERENCES users
);
CREATE UNIQUE INDEX one_running_game_per_stream ON minigames (stream_id) WHERE state = 'running';
CREATE INDEX minigames_running ON minigames (ends_at) WHERE state = 'running';

CREATE FUNCTION minigame_keeps_its_word() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving CONSTANT text[] := '{state,bonus,draw,winner_id}';
BEGIN
    IF OLD.state <> 'running' OR to_jsonb(OLD) - moving <> to_jsonb(NEW) - moving THEN
        RAISE EXCEPTION 'a game keeps its seed and terms, and ends once' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER keeps_its_word BEFORE UPDATE ON minigames FOR EACH ROW EXECUTE FUNCTION minigame_keeps_its_word();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON minigames FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The address of a creator's overlay is a secret that can be changed; only its hash is kept.
CREATE TABLE overlay_keys (
    creator_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    hash       bytea NOT NULL UNIQUE CHECK (length(hash) = 32),  -- SHA-256 of the key
    rotated_at timestamptz NOT NULL DEFAULT now()
);

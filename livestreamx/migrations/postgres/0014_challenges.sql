-- Challenges: what a room tries to reach together in a given time; how far it is, is counted by the dataflows.

CREATE TABLE challenges (
    id           uuid PRIMARY KEY DEFAULT uuidv7(),
    stream_id    uuid NOT NULL REFERENCES streams,
    creator_id   uuid NOT NULL REFERENCES users,
    made_by      uuid NOT NULL REFERENCES users,
    kind         text NOT NULL CHECK (kind IN ('gift_tokens', 'chat_messages', 'reactions', 'followers', 'concurrents')),
    target       int NOT NULL CHECK (target BETWEEN 1 AND 1000000000),
    reward       text NOT NULL CHECK (length(reward) <= 80),
    state        text NOT NULL DEFAULT 'pending'
                 CHECK (state IN ('pending', 'active', 'completed', 'failed', 'cancelled')),
    made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL CHECK (ends_at > starts_at),
    ended_at     timestamptz,
    progress     bigint NOT NULL DEFAULT 0 CHECK (progress >= 0),
    contributors int NOT NULL DEFAULT 0 CHECK (contributors >= 0),
    CHECK ((ended_at IS NULL) = (state IN ('pending', 'active')))
);
CREATE UNIQUE INDEX one_challenge_at_a_time ON challenges (creator_id) WHERE state IN ('pending', 'active');
CREATE INDEX challenges_on ON challenges (ends_at) WHERE state IN ('pending', 'active');
CREATE INDEX challenges_of_stream ON challenges (stream_id, id);

CREATE FUNCTION challenge_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving CONSTANT text[] := '{state,ended_at,progress,contributors}';
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('pending', 'active'), ('pending', 'cancelled'), ('active', 'completed'),
                                      ('active', 'failed'), ('active', 'cancelled'))
        OR to_jsonb(OLD) - moving <> to_jsonb(NEW) - moving
    THEN
        RAISE EXCEPTION 'a challenge only moves pending -> active -> completed | failed, or is cancelled before'
            USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER moves_forward BEFORE UPDATE ON challenges FOR EACH ROW EXECUTE FUNCTION challenge_moves_forward();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON challenges FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Polls and questions of a stream's audience: one vote a person, each state reached once.

CREATE TABLE polls (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    stream_id  uuid NOT NULL REFERENCES streams,
    creator_id uuid NOT NULL REFERENCES users,
    opened_by  uuid NOT NULL REFERENCES users,
    question   text NOT NULL CHECK (length(question) BETWEEN 1 AND 60),
    choices    text[] NOT NULL CHECK (cardinality(choices) BETWEEN 2 AND 5),
    viewers    int NOT NULL CHECK (viewers >= 0),  -- who watched when it opened
    state      text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'completed', 'terminated')),
    opened_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_at    timestamptz NOT NULL CHECK (ends_at > opened_at),
    ended_at   timestamptz,
    result     int[],  -- votes by choice, once it is over
    CHECK ((ended_at IS NULL) = (state = 'active')),
    CHECK ((result IS NULL) = (state = 'active')),
    CHECK (cardinality(result) = cardinality(choices))
);
CREATE UNIQUE INDEX one_active_poll_per_stream ON polls (stream_id) WHERE state = 'active';
CREATE INDEX polls_due ON polls (ends_at) WHERE state = 'active';
CREATE INDEX polls_of_stream ON polls (stream_id, id);

CREATE TABLE poll_votes (
    poll_id   uuid NOT NULL REFERENCES polls,
    user_id   uuid NOT NULL REFERENCES users,
    choice_id smallint NOT NULL CHECK (choice_id BETWEEN 1 AND 5),
    event_id  uuid NOT NULL,  -- the event that tells of it
    voted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (poll_id, user_id) INCLUDE (choice_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON poll_votes
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION poll_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving CONSTANT text[] := '{state,ended_at,result}';
BEGIN
    IF OLD.state <> 'active' OR NEW.state = 'active' OR to_jsonb(OLD) - moving <> to_jsonb(NEW) - moving THEN
        RAISE EXCEPTION 'a poll only moves active -> completed | terminated' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER ends_once BEFORE UPDATE ON polls FOR EACH ROW EXECUTE FUNCTION poll_ends_once();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON polls FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TABLE questions (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    stream_id  uuid NOT NULL REFERENCES streams,
    creator_id uuid NOT NULL REFERENCES users,
    asker_id   uuid NOT NULL REFERENCES users,
    text       text NOT NULL CHECK (length(text) BETWEEN 1 AND 200),
    votes      int NOT NULL DEFAULT 0 CHECK (votes >= 0),
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'dismissed', 'expired')),
    asked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at  timestamptz,
    closed_by  uuid REFERENCES users,
    CHECK ((closed_at IS NULL) = (state = 'open')),
    CHECK ((closed_by IS NULL) = (state IN ('open', 'expired')))
);
CREATE INDEX questions_by_votes ON questions (stream_id, state, votes DESC, id);
CREATE INDEX questions_open ON questions (stream_id) WHERE state = 'open';

CREATE TABLE question_votes (
    question_id uuid NOT NULL REFERENCES questions,
    user_id     uuid NOT NULL REFERENCES users,
    voted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (question_id, user_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON question_votes
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION question_closes_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving CONSTANT text[] := '{state,votes,closed_at,closed_by}';
BEGIN
    IF OLD.state <> 'open' OR NEW.votes < OLD.votes OR to_jsonb(OLD) - moving <> to_jsonb(NEW) - moving THEN
        RAISE EXCEPTION 'a question only gains votes, and moves open -> answered | dismissed | expired'
            USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER closes_once BEFORE UPDATE ON questions FOR EACH ROW EXECUTE FUNCTION question_closes_once();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON questions FOR EACH STATEMENT EXECUTE FUNCTION append_only();

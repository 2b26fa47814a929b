-- Accounts, sessions, streams, follows, the outbox and the audit log. Money lives in 0002.

CREATE TABLE users (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),
    number        bigint GENERATED ALWAYS AS IDENTITY UNIQUE,  -- the small id that ledger accounts are built from
    handle        text NOT NULL UNIQUE CHECK (handle ~ '^[a-z0-9_]{3,20}$'),
    email         text,
    password_hash text,
    roles         text[] NOT NULL DEFAULT '{viewer}' CHECK (roles <@ '{viewer,creator,admin}'::text[]),
    avatar_url    text,
    bio           text NOT NULL DEFAULT '' CHECK (length(bio) <= 500),
    level         int NOT NULL DEFAULT 1 CHECK (level >= 1),
    xp            bigint NOT NULL DEFAULT 0 CHECK (xp >= 0),
    badges        text[] NOT NULL DEFAULT '{}',
    socials       jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- A session is one family of refresh tokens: using a token twice revokes the family.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_agent   text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    revoked_at   timestamptz,
    revoked_for  text CHECK ((revoked_at IS NULL) = (revoked_for IS NULL))
);
CREATE INDEX sessions_of_user ON sessions (user_id) WHERE revoked_at IS NULL;

CREATE TABLE refresh_tokens (
    hash       bytea PRIMARY KEY,  -- SHA-256 of the token; the token itself is never kept
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at  timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

CREATE TABLE streams (
    id           uuid PRIMARY KEY DEFAULT uuidv7(),
    creator_id   uuid NOT NULL REFERENCES users,
    title        text NOT NULL CHECK (length(title) BETWEEN 1 AND 140),
    category     text NOT NULL DEFAULT '',
    tags         text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 5),
    language     text NOT NULL DEFAULT '',
    visibility   text NOT NULL DEFAULT 'public' CHECK (visibility IN ('public', 'unlisted', 'private')),
    mature       boolean NOT NULL DEFAULT false,
    status       text NOT NULL DEFAULT 'scheduled' CHECK (status IN ('scheduled', 'live', 'ended', 'archived', 'cancelled')),
    scheduled_at timestamptz,
    started_at   timestamptz,
    ended_at     timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (status NOT IN ('live', 'ended', 'archived') OR started_at IS NOT NULL),
    CHECK (status NOT IN ('ended', 'archived') OR ended_at IS NOT NULL)
);
CREATE UNIQUE INDEX one_live_stream_per_creator ON streams (creator_id) WHERE status = 'live';
CREATE INDEX streams_by_status ON streams (status, started_at DESC);
CREATE INDEX streams_of_creator ON streams (creator_id, created_at DESC);

CREATE TABLE follows (
    follower_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    creator_id  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (follower_id, creator_id),
    CHECK (follower_id <> creator_id)
);
CREATE INDEX followers_of_creator ON follows (creator_id, created_at DESC);

-- Recorded acts leave here: written in the act's own transaction, emptied by the relay in order.
CREATE TABLE outbox (
    seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      text NOT NULL,
    key        text NOT NULL,
    payload    bytea NOT NULL,
    request_id text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Who did what, before and after: for roles, moderation, money and configuration.
CREATE TABLE audit_log (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    actor_id   uuid,
    action     text NOT NULL,
    subject    text NOT NULL,
    before     jsonb,
    after      jsonb,
    request_id text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_by_time ON audit_log (created_at DESC);
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% on % is forbidden: it only grows', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501'; END$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION append_only();

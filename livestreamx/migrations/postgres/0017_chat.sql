-- A stream's chat: its mode and pinned message, what was taken back and what waits for a moderator; a channel's filters.

CREATE TABLE stream_chats (
    stream_id  uuid PRIMARY KEY REFERENCES streams ON DELETE CASCADE,
    mode       jsonb NOT NULL DEFAULT '{}',
    pinned     jsonb,
    version    bigint NOT NULL DEFAULT 1,  -- rises with every change, so that late news are known as such
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE chat_deletions (
    message_id uuid PRIMARY KEY,
    stream_id  uuid NOT NULL REFERENCES streams ON DELETE CASCADE,
    author_id  uuid,
    deleted_by uuid NOT NULL,
    reason     text NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE chat_policies (
    creator_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    policy     jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A channel's terms, or with no creator the platform's, beside those that ship with it.
CREATE TABLE blocked_terms (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    creator_id uuid REFERENCES users ON DELETE CASCADE,
    text       text NOT NULL CHECK (length(text) BETWEEN 1 AND 100),
    form       text NOT NULL,
    action     text NOT NULL CHECK (action IN ('hold', 'refuse')),
    added_by   uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE NULLS NOT DISTINCT (creator_id, form)
);

-- Messages that wait, or waited, for a moderator; the id is the message's.
CREATE TABLE held_messages (
    id         uuid PRIMARY KEY,
    stream_id  uuid NOT NULL REFERENCES streams ON DELETE CASCADE,
    creator_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    session_id text NOT NULL DEFAULT '',
    text       text NOT NULL CHECK (length(text) <= 300),
    reply_to   uuid,
    reasons    text[] NOT NULL,
    state      text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'approved', 'rejected')),
    decided_by uuid REFERENCES users ON DELETE SET NULL,
    decided_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((state = 'held') = (decided_at IS NULL))
);
CREATE INDEX held_by_channel ON held_messages (creator_id, id DESC) WHERE state = 'held';

-- What viewers report, what banned people ask, and whom subscribers-only chats let in.

CREATE TABLE reports (
    id          uuid PRIMARY KEY DEFAULT uuidv7(),
    stream_id   uuid NOT NULL REFERENCES streams ON DELETE CASCADE,
    creator_id  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    reporter_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,  -- whom it is about
    message_id  uuid,
    excerpt     text NOT NULL DEFAULT '' CHECK (length(excerpt) <= 300),  -- the message as it was then
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved', 'dismissed')),
    decided_by  uuid REFERENCES users ON DELETE SET NULL,
    decided_at  timestamptz,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((state = 'open') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX one_open_report ON reports (stream_id, reporter_id, user_id, message_id) NULLS NOT DISTINCT
    WHERE state = 'open';
CREATE INDEX reports_by_channel ON reports (creator_id, state, id DESC);

CREATE TABLE unban_requests (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    creator_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    ban_id     uuid NOT NULL,  -- a ban is appealed once; a new one may be appealed anew
    text       text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'denied')),
    answer     text NOT NULL DEFAULT '' CHECK (length(answer) <= 500),
    decided_by uuid REFERENCES users ON DELETE SET NULL,
    decided_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (ban_id),
    CHECK ((state = 'open') = (decided_at IS NULL))
);
CREATE INDEX unban_requests_by_channel ON unban_requests (creator_id, state, id DESC);

-- Written by whatever sells subscriptions; a subscription counts until it ends.
CREATE TABLE channel_subscribers (
    creator_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    until      timestamptz NOT NULL,
    PRIMARY KEY (creator_id, user_id)
);

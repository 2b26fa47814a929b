-- Who moderates a channel, who is banned from it, and which channel an audited act concerns.

CREATE TABLE channel_moderators (
    creator_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    granted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (creator_id, user_id),
    CHECK (creator_id <> user_id)
);
CREATE INDEX channels_of_moderator ON channel_moderators (user_id);

-- The ban in force, or the last one that was; `until` is null for one that does not end by itself.
CREATE TABLE channel_bans (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    creator_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    until      timestamptz,
    reason     text NOT NULL CHECK (length(reason) <= 500),
    banned_by  uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (creator_id, user_id),
    CHECK (creator_id <> user_id)
);
CREATE INDEX bans_by_channel ON channel_bans (creator_id, id DESC);
CREATE VIEW bans_in_force AS SELECT * FROM channel_bans WHERE until IS NULL OR until > clock_timestamp();

ALTER TABLE audit_log ADD COLUMN channel_id uuid;
CREATE INDEX audit_by_channel ON audit_log (channel_id, id DESC) WHERE channel_id IS NOT NULL;

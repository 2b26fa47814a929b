-- Who publishes a stream's picture, as the media server tells: `session` is one stay of its creator in the media room,
-- `lost_at` when that stay ended, null while it lasts.
CREATE TABLE media_publishers (
    stream_id uuid PRIMARY KEY REFERENCES streams (id) ON DELETE CASCADE,
    session text NOT NULL,
    joined_ms bigint NOT NULL,
    lost_at timestamptz
);
CREATE INDEX media_publishers_lost ON media_publishers (lost_at) WHERE lost_at IS NOT NULL;

-- A creator sends from the browser, from streaming software, or from both: a stay for each (`identity` is who is in the
-- media room), and which stream has a key for streaming software. The key itself is at the media server only.

ALTER TABLE media_publishers ADD COLUMN identity text;
UPDATE media_publishers p SET identity = s.creator_id::text FROM streams s WHERE s.id = p.stream_id;
ALTER TABLE media_publishers
    ALTER COLUMN identity SET NOT NULL,
    DROP CONSTRAINT media_publishers_pkey,
    ADD PRIMARY KEY (stream_id, identity);

CREATE TABLE media_keys (
    stream_id  uuid PRIMARY KEY REFERENCES streams ON DELETE CASCADE,
    ingress_id text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('rtmp', 'whip')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

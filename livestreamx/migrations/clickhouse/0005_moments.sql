-- Moments worth sharing, as the highlights flow found them.

CREATE TABLE IF NOT EXISTS moments (
    stream_id   UUID,
    happened_at DateTime64(3, 'UTC'),
    event_id    UUID,
    creator_id  UUID,
    score       Float64,
    messages    UInt32,
    reactions   UInt32,
    tokens      UInt64
) ENGINE = ReplacingMergeTree
PARTITION BY toYear(happened_at)
ORDER BY (stream_id, happened_at, event_id);

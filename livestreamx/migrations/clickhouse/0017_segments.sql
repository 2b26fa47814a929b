-- Clips that were on air in a stream: first as begun, then as ended, for marks on the creators' charts.

CREATE TABLE IF NOT EXISTS segments (
    stream_id  UUID,
    started_at DateTime64(6, 'UTC'),
    segment_id UUID,
    event_id   UUID,
    creator_id UUID,
    vod_id     UUID,
    title      String,
    ended_at   DateTime64(6, 'UTC') COMMENT 'of one that is on air: when it began',
    outcome    LowCardinality(String) COMMENT 'empty while it is on air',
    version    UInt8
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(started_at)
ORDER BY (stream_id, started_at, segment_id);

-- How far the archive has come, written after the rows it stands for, and the records that could not be read.

CREATE TABLE IF NOT EXISTS archive_offsets (
    topic       LowCardinality(String),
    partition   UInt32,
    next_offset UInt64,
    written_at  DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = ReplacingMergeTree(written_at)
ORDER BY (topic, partition);

CREATE TABLE IF NOT EXISTS dead_letters (
    topic      LowCardinality(String),
    partition  UInt32,
    offset     UInt64,
    logged_at  DateTime64(3, 'UTC') COMMENT 'the broker''s time of the record',
    reason     String,
    request_id String,
    record     String COMMENT 'its bytes, base64'
) ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, logged_at)
TTL toDateTime(logged_at) + INTERVAL 13 MONTH;

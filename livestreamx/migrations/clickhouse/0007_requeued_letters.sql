-- Dead letters that were put back into the log, each once, after what had kept them from being read was mended.

CREATE TABLE IF NOT EXISTS requeued_letters (
    topic       LowCardinality(String),
    partition   UInt32,
    offset      UInt64,
    logged_at   DateTime64(3, 'UTC') COMMENT 'the broker''s time of the record that was set aside',
    requeued_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, logged_at)
TTL toDateTime(logged_at) + INTERVAL 13 MONTH;

-- Gifts that were taken back. What is left of gifts is those whose id is not in here.

CREATE TABLE IF NOT EXISTS gift_refunds (
    stream_id     UUID,
    occurred_at   DateTime64(6, 'UTC'),
    event_id      UUID,
    gift_event_id UUID,
    creator_id    UUID,
    user_id       UUID,
    code          LowCardinality(String),
    qty           UInt32,
    tokens        UInt64,
    paid          UInt64,
    bonus         UInt64,
    sent_at       DateTime64(6, 'UTC'),
    reason        String
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (stream_id, gift_event_id, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

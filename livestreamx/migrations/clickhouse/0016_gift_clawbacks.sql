-- Paid tokens of gifts that lost disputes took back, or put back when they were won after all: their sum is what is gone.

CREATE TABLE IF NOT EXISTS gift_clawbacks (
    stream_id     UUID,
    occurred_at   DateTime64(6, 'UTC'),
    event_id      UUID,
    gift_event_id UUID,
    creator_id    UUID,
    user_id       UUID,
    code          LowCardinality(String),
    tokens        Int64 COMMENT 'below zero: put back',
    sent_at       DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(sent_at)
ORDER BY (stream_id, gift_event_id, event_id)
TTL toDateTime(sent_at) + INTERVAL 13 MONTH;

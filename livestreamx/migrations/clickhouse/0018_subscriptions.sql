-- What became of subscriptions to channels, and of gifts of some: a row an event.

CREATE TABLE IF NOT EXISTS subscriptions (
    creator_id      UUID,
    occurred_at     DateTime64(6, 'UTC'),
    event_id        UUID,
    type            LowCardinality(String),
    stream_id       UUID COMMENT 'what was live in the channel then, if anything',
    user_id         UUID COMMENT 'who subscribes; of a gift who gives it',
    subscription_id UUID,
    recipient_id    UUID COMMENT 'whom a gift reached',
    tier            UInt8,
    amount_minor    UInt64,
    currency        LowCardinality(String),
    state           LowCardinality(String)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (creator_id, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

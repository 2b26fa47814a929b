-- What happened, one row an event. Writing a row twice is harmless: rows with one sorting key replace each other, and
-- every sorting key ends in the event's id. Read with FINAL. An id that an event does not have is the zero UUID.

CREATE TABLE IF NOT EXISTS events (
    event_id    UUID,
    type        LowCardinality(String),
    occurred_at DateTime64(6, 'UTC'),
    stream_id   UUID,
    creator_id  UUID,
    user_id     UUID,
    anon_id     String,
    session_id  String,
    request_id  String,
    topic       LowCardinality(String),
    partition   UInt32,
    offset      UInt64,
    payload     String COMMENT 'the event as JSON, chat without its text'
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (stream_id, type, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

CREATE TABLE IF NOT EXISTS chat_messages (
    stream_id   UUID,
    occurred_at DateTime64(6, 'UTC'),
    event_id    UUID,
    message_id  UUID,
    creator_id  UUID,
    user_id     UUID,
    handle      String,
    text        String,
    length      UInt32,
    lang        LowCardinality(String),
    reply_to    UUID,
    accepted    Bool
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (stream_id, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

CREATE TABLE IF NOT EXISTS gifts (
    stream_id     UUID,
    occurred_at   DateTime64(6, 'UTC'),
    event_id      UUID,
    gift_event_id UUID,
    creator_id    UUID,
    user_id       UUID,
    handle        String,
    code          LowCardinality(String),
    qty           UInt32,
    tokens        UInt64,
    paid          UInt64,
    bonus         UInt64,
    command       String,
    combo_id      String
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (stream_id, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

CREATE TABLE IF NOT EXISTS reactions (
    stream_id   UUID,
    occurred_at DateTime64(6, 'UTC'),
    event_id    UUID,
    creator_id  UUID,
    user_id     UUID,
    mood        LowCardinality(String)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (stream_id, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

CREATE TABLE IF NOT EXISTS presence (
    stream_id   UUID,
    occurred_at DateTime64(6, 'UTC'),
    event_id    UUID,
    kind        LowCardinality(String) COMMENT 'joined, heartbeat or left',
    creator_id  UUID,
    user_id     UUID,
    anon_id     String,
    session_id  String,
    focus       Bool,
    source      LowCardinality(String),
    device      LowCardinality(String),
    referrer    String,
    watched_ms  UInt64
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (stream_id, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

CREATE TABLE IF NOT EXISTS mood_states (
    stream_id  UUID,
    hop_end    DateTime64(6, 'UTC'),
    event_id   UUID,
    mood       LowCardinality(String),
    intensity  Float64,
    shares     Map(LowCardinality(String), Float64),
    reactors   UInt32,
    since      DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(hop_end)
ORDER BY (stream_id, hop_end, event_id)
TTL toDateTime(hop_end) + INTERVAL 13 MONTH;

CREATE TABLE IF NOT EXISTS lifecycle (
    stream_id   UUID,
    occurred_at DateTime64(6, 'UTC'),
    event_id    UUID,
    type        LowCardinality(String),
    creator_id  UUID,
    creator     String COMMENT 'the handle',
    title       String,
    category    LowCardinality(String),
    tags        Array(String),
    language    LowCardinality(String),
    mature      Bool,
    visibility  LowCardinality(String),
    started_at  Nullable(DateTime64(6, 'UTC')),
    ended_at    Nullable(DateTime64(6, 'UTC'))
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (stream_id, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

CREATE TABLE IF NOT EXISTS follows (
    creator_id  UUID,
    occurred_at DateTime64(6, 'UTC'),
    event_id    UUID,
    type        LowCardinality(String),
    user_id     UUID,
    stream_id   UUID,
    source      LowCardinality(String)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (creator_id, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

CREATE TABLE IF NOT EXISTS recommendations (
    stream_id     UUID,
    occurred_at   DateTime64(6, 'UTC'),
    event_id      UUID,
    type          LowCardinality(String),
    user_id       UUID,
    anon_id       String,
    position      UInt16,
    source        LowCardinality(String),
    model_version LowCardinality(String)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (stream_id, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

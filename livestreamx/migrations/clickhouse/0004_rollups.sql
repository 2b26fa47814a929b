-- Polls, questions and challenges as they happen.
CREATE TABLE IF NOT EXISTS room_acts (
    stream_id   UUID,
    occurred_at DateTime64(6, 'UTC'),
    event_id    UUID,
    type        LowCardinality(String),
    creator_id  UUID,
    user_id     UUID,
    subject     UUID COMMENT 'the poll, question or challenge',
    amount      Int64 COMMENT 'the choice of a vote, the share in a challenge'
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (stream_id, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH;

CREATE TABLE IF NOT EXISTS polls (
    stream_id   UUID,
    occurred_at DateTime64(6, 'UTC') COMMENT 'when it ended',
    event_id    UUID,
    poll_id     UUID,
    state       LowCardinality(String),
    question    String,
    choices     Array(String),
    votes       Array(UInt32),
    voters      UInt32,
    winner      UInt8 COMMENT '1 is the first choice, 0 none',
    viewers     UInt32 COMMENT 'who watched when it opened'
) ENGINE = ReplacingMergeTree
ORDER BY (stream_id, poll_id, event_id);

-- What dashboards read: absolute numbers a stream and minute, hour or day, made anew from history whenever events touch
-- them, so that late and repeated events come out right. Of two versions the one made of more rows holds.

CREATE TABLE IF NOT EXISTS act_cells (
    about   UUID COMMENT 'the stream; of follows the creator',
    grain   UInt32 COMMENT 'seconds: 60, 3600 or 86400',
    at      DateTime('UTC'),
    act     LowCardinality(String) COMMENT 'message, reaction, gift, vote, question, upvote, answer, contribution, follow, unfollow',
    code    String COMMENT 'the gift, the poll, where a follow came from',
    count   UInt64,
    qty     UInt64,
    tokens  UInt64,
    paid    UInt64,
    bonus   UInt64,
    tens    Array(UInt32) COMMENT 'of minutes: how many in each ten seconds',
    fastest UInt32 COMMENT 'most in ten seconds',
    people  Array(UUID) TTL at + INTERVAL 13 MONTH,
    made_of UInt64
) ENGINE = ReplacingMergeTree(made_of)
PARTITION BY (grain, toYear(at))
ORDER BY (grain, about, act, at, code);

CREATE TABLE IF NOT EXISTS audience_cells (
    stream_id  UUID,
    grain      UInt32,
    at         DateTime('UTC'),
    watched_ms UInt64,
    samples    Array(UInt32) COMMENT 'of minutes: open sessions every ten seconds',
    peak       UInt32,
    made_of    UInt64
) ENGINE = ReplacingMergeTree(made_of)
PARTITION BY (grain, toYear(at))
ORDER BY (grain, stream_id, at);

CREATE TABLE IF NOT EXISTS mood_cells (
    stream_id UUID,
    grain     UInt32,
    at        DateTime('UTC'),
    mood      LowCardinality(String),
    hops      UInt64,
    intensity Float64 COMMENT 'summed over the hops, like the shares',
    shares    Map(LowCardinality(String), Float64),
    reactors  UInt32 COMMENT 'the most of any hop',
    changes   UInt32 COMMENT 'hops at which this mood began',
    made_of   UInt64
) ENGINE = ReplacingMergeTree(made_of)
PARTITION BY (grain, toYear(at))
ORDER BY (grain, stream_id, at, mood);

-- Signs of life by viewer; somebody without an account is the hash of their cookie.
CREATE TABLE IF NOT EXISTS signs (
    stream_id  UUID,
    viewer     UUID,
    at         DateTime64(3, 'UTC'),
    signed     Bool,
    creator_id UUID
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (stream_id, viewer, at)
TTL toDateTime(at) + INTERVAL 13 MONTH
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS signs_of_presence TO signs AS
SELECT stream_id,
       if(user_id = toUUID('00000000-0000-0000-0000-000000000000'), reinterpretAsUUID(sipHash128(anon_id)), user_id) AS viewer,
       toDateTime64(occurred_at, 3, 'UTC') AS at,
       user_id != toUUID('00000000-0000-0000-0000-000000000000') AS signed,
       creator_id
FROM presence
WHERE NOT signed OR user_id != creator_id;

-- One row a viewer of a stream, with every session of theirs.
CREATE TABLE IF NOT EXISTS visits (
    stream_id  UUID,
    viewer     UUID,
    creator_id UUID,
    signed     Bool,
    began      DateTime64(3, 'UTC'),
    ended      DateTime64(3, 'UTC'),
    watched_ms UInt64,
    sessions   Array(Tuple(Int64, Int64)) COMMENT 'from and to, ms since the epoch',
    made_of    UInt32
) ENGINE = ReplacingMergeTree(made_of)
ORDER BY (stream_id, viewer);

CREATE TABLE IF NOT EXISTS first_visits (
    creator_id UUID,
    viewer     UUID,
    began      SimpleAggregateFunction(min, DateTime64(3, 'UTC'))
) ENGINE = AggregatingMergeTree
ORDER BY (creator_id, viewer);

CREATE MATERIALIZED VIEW IF NOT EXISTS first_visits_of_visits TO first_visits AS
SELECT creator_id, viewer, min(began) AS began FROM visits WHERE watched_ms >= 60000 GROUP BY creator_id, viewer;

CREATE TABLE IF NOT EXISTS supporters (
    stream_id UUID,
    user_id   UUID,
    handle    String,
    gifts     UInt64,
    tokens    UInt64,
    paid      UInt64,
    last_at   DateTime64(3, 'UTC'),
    made_of   UInt64
) ENGINE = ReplacingMergeTree(made_of)
ORDER BY (stream_id, user_id);

-- When each viewer of a stream took each step of the funnel, first and last, ms since the epoch: the smallest and the
-- largest do not mind repetition. A step that was not taken is first at the end of time, last at its beginning.
CREATE TABLE IF NOT EXISTS steps (
    about          UUID COMMENT 'the stream; of follows the creator',
    viewer         UUID,
    shown_first    SimpleAggregateFunction(min, Int64) DEFAULT 9223372036854775807,
    shown_last     SimpleAggregateFunction(max, Int64),
    viewed_first   SimpleAggregateFunction(min, Int64) DEFAULT 9223372036854775807 COMMENT 'ten seconds were watched',
    stayed_first   SimpleAggregateFunction(min, Int64) DEFAULT 9223372036854775807 COMMENT 'a minute was watched',
    watched_last   SimpleAggregateFunction(max, Int64),
    engaged_first  SimpleAggregateFunction(min, Int64) DEFAULT 9223372036854775807,
    engaged_last   SimpleAggregateFunction(max, Int64),
    followed_first SimpleAggregateFunction(min, Int64) DEFAULT 9223372036854775807,
    followed_last  SimpleAggregateFunction(max, Int64),
    gave_last      SimpleAggregateFunction(max, Int64)
) ENGINE = AggregatingMergeTree
ORDER BY (about, viewer);

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_recommendations TO steps AS
SELECT stream_id AS about,
       if(user_id = toUUID('00000000-0000-0000-0000-000000000000'), reinterpretAsUUID(sipHash128(anon_id)), user_id) AS viewer, min(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS shown_first,
       max(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS shown_last
FROM recommendations WHERE type = 'rec.impression' GROUP BY about, viewer;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_visits TO steps AS
SELECT stream_id AS about, viewer, min(reached[1]) AS viewed_first, min(reached[2]) AS stayed_first,
       max(toUnixTimestamp64Milli(ended)) AS watched_last
FROM (
    SELECT stream_id, viewer, ended, arrayCumSum(session -> session.2 - session.1, sessions) AS sums,
           arrayMap(needed -> if(watched_ms < needed, 9223372036854775807,
                                 sessions[arrayFirstIndex(sum -> sum >= needed, sums)].2
                                 - (sums[arrayFirstIndex(sum -> sum >= needed, sums)] - needed)),
                    [toInt64(10000), 60000]) AS reached
    FROM visits WHERE watched_ms >= 10000
)
GROUP BY about, viewer;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_chat TO steps AS
SELECT stream_id AS about, user_id AS viewer, min(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS engaged_first,
       max(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS engaged_last
FROM chat_messages WHERE accepted AND user_id != creator_id GROUP BY about, viewer;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_reactions TO steps AS
SELECT stream_id AS about, user_id AS viewer, min(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS engaged_first,
       max(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS engaged_last
FROM reactions WHERE user_id != creator_id GROUP BY about, viewer;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_gifts TO steps AS
SELECT stream_id AS about, user_id AS viewer, min(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS engaged_first,
       max(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS engaged_last,
       engaged_last AS gave_last
FROM gifts WHERE user_id != creator_id GROUP BY about, viewer;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_room_acts TO steps AS
SELECT stream_id AS about, user_id AS viewer, min(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS engaged_first,
       max(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS engaged_last
FROM room_acts WHERE type IN ('poll.voted', 'qa.asked') AND user_id != creator_id GROUP BY about, viewer;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_follows TO steps AS
SELECT creator_id AS about, user_id AS viewer, min(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS followed_first,
       max(toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3, 'UTC')))) AS followed_last
FROM follows WHERE type = 'follow.added' GROUP BY about, viewer;

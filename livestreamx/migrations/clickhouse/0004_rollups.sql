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
    code    String COMMENT 'the gift, the mood, the poll, where a follow came from',
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
PARTITION BY toYear(at)
ORDER BY (about, grain, act, at, code);

CREATE TABLE IF NOT EXISTS audience_cells (
    stream_id  UUID,
    grain      UInt32,
    at         DateTime('UTC'),
    watched_ms UInt64,
    samples    Array(UInt32) COMMENT 'of minutes: open sessions every ten seconds',
    peak       UInt32,
    made_of    UInt64
) ENGINE = ReplacingMergeTree(made_of)
PARTITION BY toYear(at)
ORDER BY (stream_id, grain, at);

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
PARTITION BY toYear(at)
ORDER BY (stream_id, grain, at, mood);

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

-- The steps of the funnel, first and last time each: smallest and largest do not mind repetition.
CREATE TABLE IF NOT EXISTS steps (
    about  UUID COMMENT 'the stream; of follows the creator',
    viewer UUID,
    step   UInt8 COMMENT '1 shown, 2 watched 10 s, 3 watched 1 min, 4 took part, 5 followed, 6 gave',
    first  SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last   SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = AggregatingMergeTree
ORDER BY (about, viewer, step);

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_recommendations TO steps AS
SELECT stream_id AS about,
       if(user_id = toUUID('00000000-0000-0000-0000-000000000000'), reinterpretAsUUID(sipHash128(anon_id)), user_id) AS viewer,
       1 AS step, min(toDateTime64(occurred_at, 3, 'UTC')) AS first, max(toDateTime64(occurred_at, 3, 'UTC')) AS last
FROM recommendations WHERE type = 'rec.impression' GROUP BY about, viewer;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_visits TO steps AS
SELECT stream_id AS about, viewer, step,
       min(fromUnixTimestamp64Milli(reached, 'UTC')) AS first, max(ended) AS last
FROM (
    SELECT stream_id, viewer, ended, needed.1 AS step,
           arrayCumSum(session -> session.2 - session.1, sessions) AS sums,
           arrayFirstIndex(sum -> sum >= needed.2, sums) AS enough,
           sessions[enough].2 - (sums[enough] - needed.2) AS reached
    FROM visits ARRAY JOIN [(2, 10000), (3, 60000)] AS needed
    WHERE watched_ms >= needed.2
)
GROUP BY about, viewer, step;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_chat TO steps AS
SELECT stream_id AS about, user_id AS viewer, 4 AS step,
       min(toDateTime64(occurred_at, 3, 'UTC')) AS first, max(toDateTime64(occurred_at, 3, 'UTC')) AS last
FROM chat_messages WHERE accepted AND user_id != creator_id GROUP BY about, viewer;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_reactions TO steps AS
SELECT stream_id AS about, user_id AS viewer, 4 AS step,
       min(toDateTime64(occurred_at, 3, 'UTC')) AS first, max(toDateTime64(occurred_at, 3, 'UTC')) AS last
FROM reactions WHERE user_id != creator_id GROUP BY about, viewer;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_gifts TO steps AS
SELECT stream_id AS about, user_id AS viewer, step,
       min(toDateTime64(occurred_at, 3, 'UTC')) AS first, max(toDateTime64(occurred_at, 3, 'UTC')) AS last
FROM gifts ARRAY JOIN [4, 6] AS step GROUP BY about, viewer, step;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_follows TO steps AS
SELECT creator_id AS about, user_id AS viewer, 5 AS step,
       min(toDateTime64(occurred_at, 3, 'UTC')) AS first, max(toDateTime64(occurred_at, 3, 'UTC')) AS last
FROM follows WHERE type = 'follow.added' GROUP BY about, viewer;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_room_acts TO steps AS
SELECT stream_id AS about, user_id AS viewer, 4 AS step,
       min(toDateTime64(occurred_at, 3, 'UTC')) AS first, max(toDateTime64(occurred_at, 3, 'UTC')) AS last
FROM room_acts WHERE type IN ('poll.voted', 'qa.asked') AND user_id != creator_id GROUP BY about, viewer;

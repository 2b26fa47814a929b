"""What came of each version: impressions, clicks and minutes watched, added up by viewer and then over viewers."""

# A minute is watched where it holds a sign of life of this viewer in the stream they opened, up to an hour later.
OUTCOMES = """
WITH shown AS (
  SELECT model_version, user_id, count() AS shown
  FROM recommendations FINAL
  WHERE type = 'rec.impression' AND model_version IN {versions:Array(String)}
    AND occurred_at >= {since:DateTime64(6)} AND user_id != toUUID('00000000-0000-0000-0000-000000000000')
  GROUP BY model_version, user_id
), opened AS (
  SELECT model_version, user_id, stream_id, min(occurred_at) AS at, count() AS clicks
  FROM recommendations FINAL
  WHERE type = 'rec.click' AND model_version IN {versions:Array(String)} AND occurred_at >= {since:DateTime64(6)}
  GROUP BY model_version, user_id, stream_id
), watched AS (
  SELECT opened.model_version AS model_version, opened.user_id AS user_id,
         uniqExact(opened.stream_id, toStartOfMinute(presence.occurred_at)) AS minutes
  FROM opened JOIN presence ON presence.stream_id = opened.stream_id AND presence.user_id = opened.user_id
  WHERE presence.occurred_at >= opened.at AND presence.occurred_at < opened.at + INTERVAL 1 HOUR
  GROUP BY model_version, user_id
), clicked AS (
  SELECT model_version, user_id, sum(clicks) AS clicks FROM opened GROUP BY model_version, user_id
), viewers AS (
  SELECT shown.model_version AS version, toFloat64(shown.shown) AS s, toFloat64(clicked.clicks) AS c,
         toFloat64(watched.minutes) AS m
  FROM shown
  LEFT JOIN clicked ON clicked.model_version = shown.model_version AND clicked.user_id = shown.user_id
  LEFT JOIN watched ON watched.model_version = shown.model_version AND watched.user_id = shown.user_id
)
SELECT version, count(), sum(s), sum(c), sum(m), sum(s * s), sum(c * c), sum(m * m), sum(s * c), sum(s * m)
FROM viewers GROUP BY version
"""

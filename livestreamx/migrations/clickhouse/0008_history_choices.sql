-- Who deleted their history or opted out of recommendations, and when; read with FINAL.

CREATE TABLE IF NOT EXISTS history_choices (
    user_id     UUID,
    occurred_at DateTime64(6, 'UTC'),
    event_id    UUID,
    opt_out     Bool COMMENT 'false also where a history was deleted'
) ENGINE = ReplacingMergeTree
ORDER BY (user_id, occurred_at, event_id);

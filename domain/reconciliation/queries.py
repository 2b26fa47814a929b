"""All SQL of the reconciliation, of PostgreSQL and of ClickHouse."""

AUDIT = (
    "SELECT finding, found FROM ledger.audit UNION ALL SELECT finding, found FROM ledger.audit_of_returns "
    "UNION ALL SELECT finding, found FROM ledger.audit_of_payments "
    "UNION ALL SELECT finding, found FROM ledger.audit_of_claims "
    "UNION ALL SELECT finding, found FROM ledger.audit_of_clawbacks "
    "UNION ALL SELECT finding, found FROM ledger.audit_of_payouts "
    "UNION ALL SELECT finding, found FROM ledger.audit_of_channels"
)

REMEMBER = "INSERT INTO reconciliations (findings, report) VALUES (%s, %s)"

# stream -> gifts and tokens sent, gifts and tokens taken back, and paid tokens lost in disputes, before the cut
GIFTS_BY_STREAM = """
SELECT e.stream_id::text, count(*)::bigint, sum(e.paid)::bigint, sum(e.bonus)::bigint,
       count(r.gift_event_id)::bigint, coalesce(sum(e.tokens) FILTER (WHERE r.gift_event_id IS NOT NULL), 0)::bigint,
       coalesce(sum(c.tokens), 0)::bigint
FROM gift_events e LEFT JOIN gift_refunds r ON r.gift_event_id = e.id AND r.created_at < %(cut)s
LEFT JOIN (SELECT gift_event_id, sum(tokens) AS tokens FROM ledger.clawback WHERE at < %(cut)s GROUP BY 1) c
    ON c.gift_event_id = e.id
WHERE e.created_at >= %(since)s AND e.created_at < %(cut)s GROUP BY e.stream_id
"""

HISTORY_BY_STREAM = """
SELECT toString(stream_id), count(), toInt64(sum(paid)), toInt64(sum(bonus)),
       toInt64(countIf(taken)), toInt64(sumIf(tokens, taken)), toInt64(sum(clawed))
FROM (
    SELECT *, gift_event_id IN (SELECT gift_event_id FROM gift_refunds
                                WHERE occurred_at < fromUnixTimestamp64Micro({cut:Int64})) AS taken
    FROM gifts FINAL LEFT JOIN (
        SELECT gift_event_id, sum(tokens) AS clawed FROM gift_clawbacks FINAL
        WHERE occurred_at < fromUnixTimestamp64Micro({cut:Int64}) GROUP BY gift_event_id
    ) AS lost USING (gift_event_id)
    WHERE occurred_at >= fromUnixTimestamp64Micro({since:Int64}) AND occurred_at < fromUnixTimestamp64Micro({cut:Int64})
)
GROUP BY stream_id
"""

# user -> tokens given and paid tokens received that were not taken back, and whether any of it is newer than the cut
PEOPLE = """
WITH kept AS (
    SELECT e.from_user_id, e.to_creator_id,
           CASE WHEN e.state = 'refunded' THEN 0 ELSE e.tokens END - coalesce(c.tokens, 0) AS tokens,
           CASE WHEN e.state = 'refunded' THEN 0 ELSE e.paid END - coalesce(c.tokens, 0) AS paid,
           greatest(e.created_at, r.created_at, c.at) AS moment
    FROM gift_events e LEFT JOIN gift_refunds r ON r.gift_event_id = e.id
    LEFT JOIN (SELECT gift_event_id, sum(tokens) AS tokens, max(at) AS at FROM ledger.clawback GROUP BY 1) c
        ON c.gift_event_id = e.id
)
SELECT person::text, sum(given)::bigint, sum(received)::bigint, bool_or(moment >= %(cut)s)
FROM (SELECT from_user_id AS person, tokens AS given, 0 AS received, moment FROM kept
      UNION ALL SELECT to_creator_id, 0, paid, moment FROM kept) acts
GROUP BY person
"""

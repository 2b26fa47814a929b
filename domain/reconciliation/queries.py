"""All SQL of the reconciliation, of PostgreSQL and of ClickHouse."""

AUDIT = (
    "SELECT finding, found FROM ledger.audit UNION ALL SELECT finding, found FROM ledger.audit_of_returns "
    "UNION ALL SELECT finding, found FROM ledger.audit_of_payments "
    "UNION ALL SELECT finding, found FROM ledger.audit_of_claims "
    "UNION ALL SELECT finding, found FROM ledger.audit_of_payouts"
)

REMEMBER = "INSERT INTO reconciliations (findings, report) VALUES (%s, %s)"

# stream -> gifts and tokens sent, and gifts and tokens taken back, before the cut
GIFTS_BY_STREAM = """
SELECT e.stream_id::text, count(*)::bigint, sum(e.paid)::bigint, sum(e.bonus)::bigint,
       count(r.gift_event_id)::bigint, coalesce(sum(e.tokens) FILTER (WHERE r.gift_event_id IS NOT NULL), 0)::bigint
FROM gift_events e LEFT JOIN gift_refunds r ON r.gift_event_id = e.id AND r.created_at < %(cut)s
WHERE e.created_at >= %(since)s AND e.created_at < %(cut)s GROUP BY e.stream_id
"""

HISTORY_BY_STREAM = """
SELECT toString(stream_id), count(), toInt64(sum(paid)), toInt64(sum(bonus)),
       toInt64(countIf(taken)), toInt64(sumIf(tokens, taken))
FROM (
    SELECT *, gift_event_id IN (SELECT gift_event_id FROM gift_refunds
                                WHERE occurred_at < fromUnixTimestamp64Micro({cut:Int64})) AS taken
    FROM gifts FINAL
    WHERE occurred_at >= fromUnixTimestamp64Micro({since:Int64}) AND occurred_at < fromUnixTimestamp64Micro({cut:Int64})
)
GROUP BY stream_id
"""

# user -> tokens given and paid tokens received that were not taken back, and whether any of it is newer than the cut
PEOPLE = """
SELECT person::text, sum(given)::bigint, sum(received)::bigint, bool_or(moment >= %(cut)s)
FROM (
    SELECT e.from_user_id AS person, CASE WHEN e.state = 'refunded' THEN 0 ELSE e.tokens END AS given, 0 AS received,
           greatest(e.created_at, r.created_at) AS moment
    FROM gift_events e LEFT JOIN gift_refunds r ON r.gift_event_id = e.id
    UNION ALL
    SELECT e.to_creator_id, 0, CASE WHEN e.state = 'refunded' THEN 0 ELSE e.paid END,
           greatest(e.created_at, r.created_at)
    FROM gift_events e LEFT JOIN gift_refunds r ON r.gift_event_id = e.id
) acts GROUP BY person
"""

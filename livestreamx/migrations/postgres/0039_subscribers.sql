-- One truth of who subscribes: the subscriptions themselves. And the audit of what was paid for channels.

-- A subscription that renews lasts a week longer than it is paid, for its payment to come.
DROP TABLE channel_subscribers;
CREATE VIEW channel_subscribers AS
SELECT creator_id, user_id, tier,
       CASE WHEN canceled_at IS NULL AND NOT is_over AND gift_id IS NULL THEN renews_at + interval '7 days'
            ELSE renews_at END AS until
FROM subscriptions WHERE state IN ('active', 'past_due', 'canceled');

-- As before, and what is held of what was paid for channels.
CREATE OR REPLACE VIEW ledger.audit_of_claims AS
SELECT 'contested earnings that differ from their claims' AS finding, count(*) AS found
FROM (SELECT FROM (SELECT account, posted AS amount FROM ledger.balance
                   WHERE ledger.kind_of(account) = ledger.creator_contested()
                   UNION ALL SELECT ledger.account_id(creator, ledger.creator_contested()), -share
                   FROM ledger.claim WHERE state = 'held'
                   UNION ALL SELECT ledger.account_id(u.number, ledger.creator_contested()), -held
                   FROM channel_charges c JOIN users u ON u.id = c.creator_id) both_sides
      GROUP BY account HAVING sum(amount) <> 0) off
UNION ALL
SELECT 'debts paid by claims that differ from them', count(*)
FROM (SELECT FROM (SELECT credit >> 8 AS buyer, amount FROM ledger.transfer WHERE flow = 'clawback'
                   UNION ALL SELECT debit >> 8, -amount FROM ledger.transfer WHERE flow = 'clawback_return'
                   UNION ALL SELECT buyer, -share - fee FROM ledger.claim WHERE state = 'taken') both_sides
      GROUP BY buyer HAVING sum(amount) <> 0) off
UNION ALL
SELECT 'gifts claimed beyond their paid tokens, or though refunded', count(*)
FROM (SELECT gift_event_id, sum(tokens) AS tokens FROM ledger.claim WHERE state <> 'released' GROUP BY 1) c
LEFT JOIN gift_events e ON e.id = c.gift_event_id
WHERE e.id IS NULL OR e.state = 'refunded' OR c.tokens > e.paid
UNION ALL
SELECT 'payments claimed beyond their disputes', count(*)
FROM ledger.contest t LEFT JOIN (
    SELECT payment_id, sum(tokens) FILTER (WHERE state = 'held') AS held,
           sum(tokens) FILTER (WHERE state = 'taken') AS taken FROM ledger.claim GROUP BY 1) c USING (payment_id)
WHERE coalesce(c.held, 0) > t.held OR coalesce(c.taken, 0) > t.taken
UNION ALL
SELECT 'waiting refunds that differ from their tokens', count(*)
FROM (SELECT FROM (SELECT account, posted AS amount FROM ledger.balance
                   WHERE ledger.kind_of(account) = ledger.user_refunding()
                   UNION ALL SELECT ledger.account_id(u.number, ledger.user_refunding()), -r.tokens * 100
                   FROM payment_refunds r JOIN payments p ON p.id = r.payment_id JOIN users u ON u.id = p.user_id
                   WHERE r.state = 'asked') both_sides
      GROUP BY account HAVING sum(amount) <> 0) off;

-- Payments for channels in balance with the ledger: every row must say 0.
CREATE VIEW ledger.audit_of_channels AS
SELECT 'payments for channels that differ from their postings' AS finding, count(*) AS found
FROM channel_charges c WHERE (share, fee, held) IS DISTINCT FROM (
    SELECT (coalesce(sum(p.share), 0)::bigint, coalesce(sum(p.fee), 0)::bigint, coalesce(sum(p.held), 0)::bigint)
    FROM channel_postings p WHERE p.charge_id = c.id)
UNION ALL
SELECT 'postings for channels that differ from their transfers', count(*)
FROM (SELECT p.txn, p.share, p.fee, p.held, u.number AS creator
      FROM channel_postings p JOIN channel_charges c ON c.id = p.charge_id JOIN users u ON u.id = c.creator_id) p
FULL JOIN (
    SELECT txn, sum(CASE WHEN flow = 'subscription_refund' THEN -amount ELSE amount END)
                    FILTER (WHERE flow::text LIKE 'subscription%' AND ledger.platform_fee() NOT IN (debit, credit)) AS share,
           sum(CASE WHEN flow = 'subscription_refund' THEN -amount ELSE amount END)
               FILTER (WHERE ledger.platform_fee() IN (debit, credit)) AS fee,
           sum(CASE flow WHEN 'contest' THEN amount WHEN 'contest_release' THEN -amount END) AS held,
           max(greatest(debit, credit)) >> 8 AS creator
    FROM ledger.transfer
    WHERE txn IN (SELECT txn FROM channel_postings)
       OR flow IN ('subscription', 'subscription_refund', 'subscription_return')
    GROUP BY txn) t USING (txn)
WHERE (p.share, p.fee, p.held, p.creator)
    IS DISTINCT FROM (coalesce(t.share, 0), coalesce(t.fee, 0), coalesce(t.held, 0), t.creator)
UNION ALL
SELECT 'gifts of subscriptions beyond what was paid', count(*)
FROM subscription_gifts g WHERE given <> (SELECT count(*) FROM subscriptions s WHERE s.gift_id = g.id)
    OR given > 0 AND NOT EXISTS (SELECT FROM channel_charges c WHERE c.gift_id = g.id AND c.steps > 0);

GRANT SELECT ON channel_subscribers, ledger.audit_of_channels TO ledger_client;

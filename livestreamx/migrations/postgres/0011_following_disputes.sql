-- Payments, refunds of gifts and maturing know of claims; the audit too, and the wallet says why it is locked.

-- As before, and how many tokens became a debt; a purchase repays debts first.
DROP FUNCTION ledger.post_payment(payments, bigint, ledger.flow);
CREATE FUNCTION ledger.post_payment(p_payment payments, p_tokens bigint, p_back ledger.flow) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    owner CONSTANT bigint := (SELECT number FROM users WHERE id = p_payment.user_id);
    wallet CONSTANT bigint := account_id(owner, user_paid());
    debt CONSTANT bigint := account_id(owner, user_debt());
    amount CONSTANT bigint := abs(p_tokens) * 100;
    held bigint;
    this_txn uuid;
BEGIN
    INSERT INTO payment_postings (payment_id, step, tokens) VALUES (p_payment.id, p_payment.steps, p_tokens)
    RETURNING txn INTO this_txn;
    IF p_tokens > 0 THEN
        INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
        VALUES (this_txn, 0, nextval('posting'), 'purchase', paid_source(), wallet, amount);
        PERFORM repay_debt(this_txn, owner, amount);
        RETURN 0;
    END IF;
    SELECT posted INTO STRICT held FROM balance WHERE account = wallet AND stripe = 0;
    IF amount > held THEN
        INSERT INTO account (id) VALUES (debt) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT this_txn, leg, place, p_back, account, paid_source(), part
    FROM nextval('posting') AS place,
        (VALUES (0, wallet, least(amount, held)), (1, debt, amount - least(amount, held))) legs (leg, account, part)
    WHERE part > 0;
    RETURN greatest(amount - held, 0) / 100;
END$$;

-- What a buyer owes, out of their paid tokens, up to an amount in hundredths; leg 9 of the transaction. Whole tokens
-- only: a part of one stays owed.
CREATE FUNCTION ledger.repay_debt(p_txn uuid, p_owner bigint, p_most bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    debt CONSTANT bigint := account_id(p_owner, user_debt());
    owed CONSTANT bigint := (SELECT coalesce(-sum(posted), 0)::bigint / 100 * 100 FROM balance WHERE account = debt);
BEGIN
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT p_txn, 9, nextval('posting'), 'debt_repaid', account_id(p_owner, user_paid()), debt, least(p_most, owed)
    WHERE least(p_most, owed) > 0;
END$$;

-- As before, and: an open wish for a refund ends with the money, and the claims follow the disputes.
DROP FUNCTION ledger.settle_payment(uuid);
CREATE FUNCTION ledger.settle_payment(p_payment uuid, p_cause text) RETURNS ledger.settlement
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    p payments;
    f payment_facts;
    disputed boolean;
    wants_lock boolean;
    was_disputed boolean;
    lost bigint;
    fits boolean;
    kept bigint;
    due bigint;
    moved bigint;
    owes bigint := 0;
    others uuid[];
BEGIN
    SELECT * INTO STRICT p FROM payments WHERE id = p_payment FOR UPDATE;
    SELECT * INTO f FROM payment_facts WHERE payment_intent = p.payment_intent;
    SELECT coalesce(bool_or(opened AND NOT won), false), coalesce(bool_or(opened AND NOT won AND NOT lifted), false),
           coalesce(sum(amount_minor) FILTER (WHERE d.lost AND NOT won), 0), count(*) > 0
    INTO disputed, wants_lock, lost, was_disputed FROM payment_disputes d WHERE payment_intent = p.payment_intent;

    fits := (f.paid_minor, f.currency) IS NOT DISTINCT FROM (p.price_minor, p.currency);
    kept := CASE WHEN fits THEN greatest(p.price_minor - f.refunded_minor - lost, 0) ELSE 0 END;
    due := p.tokens * kept / p.price_minor;
    moved := due - p.credited;
    -- The lock puts all that happens to one wallet in a row, as gifts do.
    PERFORM FROM balance b JOIN users u ON u.id = p.user_id
    WHERE b.account IN (account_id(u.number, user_paid()), account_id(u.number, user_bonus())) AND stripe = 0
    ORDER BY b.account FOR NO KEY UPDATE OF b;
    IF was_disputed THEN
        INSERT INTO contest (payment_id) VALUES (p.id) ON CONFLICT DO NOTHING;
    END IF;
    was_disputed := was_disputed
        OR EXISTS (SELECT FROM contest c JOIN payments o ON o.id = c.payment_id WHERE o.user_id = p.user_id);
    IF was_disputed THEN
        PERFORM lock_for_claims(p.user_id);
    END IF;
    IF moved > 0 AND was_disputed THEN  -- what was lost comes back: first to those who lost by it
        PERFORM release_claims(p.id, p_cause);
    ELSIF moved < 0 THEN
        PERFORM end_refund(r.id, 'refunded') FROM payment_refunds r
        WHERE r.payment_id = p.id AND r.state = 'asked' AND (f.refunded_minor >= r.until OR lost > 0);
    END IF;
    IF moved <> 0 THEN
        owes := post_payment(p, moved, CASE WHEN lost > 0 THEN 'chargeback' ELSE 'purchase_refund' END::ledger.flow);
    END IF;
    UPDATE payments SET credited = due, steps = steps + (moved <> 0)::int, locks = wants_lock,
        paid_at = CASE WHEN f.paid_minor IS NOT NULL THEN coalesce(paid_at, clock_timestamp()) END,
        state = CASE WHEN f.paid_minor IS NULL THEN CASE WHEN gave_up THEN 'failed' ELSE 'created' END
                     WHEN disputed THEN 'disputed' WHEN NOT fits THEN 'paid'
                     WHEN due = 0 THEN 'refunded' ELSE 'credited' END
    WHERE id = p.id RETURNING state INTO p.state;
    IF was_disputed THEN
        UPDATE contest SET owed = CASE WHEN lost = 0 THEN 0 ELSE greatest(owed + owes - greatest(moved, 0), 0) END
        WHERE payment_id = p.id;
        PERFORM follow_disputes(p.user_id, p_cause);
    END IF;

    IF wants_lock AND NOT p.locks THEN
        PERFORM lock_wallet(p.user_id, 'dispute') FROM ledger.wallet w
        WHERE w.user_id = p.user_id AND w.locked_for IS NULL;
    ELSIF p.locks AND NOT wants_lock THEN
        PERFORM lock_wallet(p.user_id, NULL) FROM ledger.wallet w
        WHERE w.user_id = p.user_id AND w.locked_for = 'dispute'
          AND NOT EXISTS (SELECT FROM payments WHERE user_id = p.user_id AND locks);
    END IF;
    SELECT array_agg(DISTINCT o.user_id) INTO others
    FROM payment_facts same JOIN payments o USING (payment_intent)
    WHERE same.card = f.card AND o.user_id <> p.user_id;
    RETURN (CASE WHEN f.paid_minor IS NOT NULL AND NOT fits THEN 'amount_mismatch' ELSE 'settled' END,
            p.id, p.user_id, moved, p.state, wants_lock AND NOT p.locks, f.card, coalesce(others, '{}'))::settlement;
END$$;

-- As before; the event is what claims name as their cause.
CREATE OR REPLACE FUNCTION ledger.take_stripe_event(
    p_event text, p_type text, p_intent text, p_payment uuid, p_paid bigint, p_currency text, p_gave_up boolean,
    p_refunded bigint, p_card text, p_dispute text, p_disputed bigint, p_opened boolean, p_won boolean, p_lost boolean
) RETURNS ledger.settlement LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    payment uuid;
    linked text;
    nothing settlement := ('duplicate', NULL, NULL, 0, NULL, false, NULL, '{}')::settlement;
BEGIN
    INSERT INTO stripe_events (id, type) VALUES (p_event, p_type) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN nothing;
    END IF;
    nothing.outcome := 'kept';

    IF p_intent IS NOT NULL THEN
        INSERT INTO payment_facts AS f (payment_intent, paid_minor, currency, refunded_minor, card)
        VALUES (p_intent, p_paid, CASE WHEN p_paid IS NOT NULL THEN p_currency END, coalesce(p_refunded, 0), p_card)
        ON CONFLICT (payment_intent) DO UPDATE SET  -- the lock puts what is said of one payment in a row
            paid_minor = greatest(f.paid_minor, excluded.paid_minor),
            currency = greatest(f.currency, excluded.currency),
            refunded_minor = greatest(f.refunded_minor, excluded.refunded_minor),
            card = greatest(f.card, excluded.card);
    END IF;
    IF p_dispute IS NOT NULL THEN
        INSERT INTO payment_disputes AS d (id, payment_intent, amount_minor, opened, won, lost)
        VALUES (p_dispute, p_intent, p_disputed, p_opened, p_won, p_lost)
        ON CONFLICT (id) DO UPDATE SET amount_minor = greatest(d.amount_minor, excluded.amount_minor),
            opened = d.opened OR excluded.opened, won = d.won OR excluded.won, lost = d.lost OR excluded.lost;
    END IF;
    IF p_payment IS NOT NULL THEN
        UPDATE payments SET gave_up = gave_up OR coalesce(p_gave_up, false),
            payment_intent = coalesce(payment_intent, CASE WHEN NOT EXISTS (
                SELECT FROM payments taken WHERE taken.payment_intent = p_intent) THEN p_intent END)
        WHERE id = p_payment RETURNING payment_intent INTO linked;
        IF FOUND AND p_intent IS NOT NULL AND linked IS DISTINCT FROM p_intent THEN
            SELECT 'second_payment', id, user_id, state INTO nothing.outcome, nothing.payment_id, nothing.user_id,
                nothing.state FROM payments WHERE id = p_payment;
            RETURN nothing;
        END IF;
    END IF;
    SELECT id INTO payment FROM payments
    WHERE payment_intent = p_intent OR (p_intent IS NULL AND id = p_payment);
    RETURN CASE WHEN payment IS NULL THEN nothing ELSE settle_payment(payment, p_event) END;
END$$;

-- As before, and: claims on the gift end first, and what comes back repays what its sender owes.
CREATE OR REPLACE FUNCTION ledger.refund_gift(
    p_gift_event uuid, p_txn uuid, p_event uuid, p_actor uuid, p_reason text, p_request text
) RETURNS ledger.refund_outcome LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    e gift_events;
    r gift_refunds;
    c claim;
    sender bigint;
    creator bigint;
    earned bigint;
    fee bigint;
    matured boolean;
    available bigint;
    held record;
BEGIN
    SELECT * INTO e FROM gift_events WHERE id = p_gift_event FOR UPDATE;
    IF NOT FOUND THEN
        RETURN ('unknown_gift_event', NULL, NULL, NULL, NULL, NULL)::refund_outcome;
    END IF;
    SELECT number INTO STRICT sender FROM users WHERE id = e.from_user_id;
    SELECT number INTO STRICT creator FROM users WHERE id = e.to_creator_id;
    PERFORM FROM balance
    WHERE account IN (account_id(sender, user_paid()), account_id(sender, user_bonus())) AND stripe = 0
    ORDER BY account FOR NO KEY UPDATE;

    IF e.state <> 'refunded' THEN
        IF EXISTS (SELECT FROM claim WHERE gift_event_id = e.id AND state <> 'released') THEN
            PERFORM lock_for_claims(e.from_user_id);
            FOR c IN SELECT * FROM claim WHERE gift_event_id = e.id AND state <> 'released' ORDER BY id LOOP
                PERFORM release_claim(c, p_event::text);
                UPDATE contest t SET held = t.held - CASE c.state WHEN 'held' THEN c.tokens ELSE 0 END,
                    taken = t.taken - CASE c.state WHEN 'taken' THEN c.tokens ELSE 0 END,
                    owed = t.owed - CASE c.state WHEN 'taken' THEN c.tokens ELSE 0 END
                WHERE payment_id = c.payment_id;
            END LOOP;
        END IF;
        matured := e.created_at <= lock_maturity(creator);
        SELECT coalesce(sum(amount) FILTER (WHERE kind_of(credit) = creator_earnings()), 0),
               coalesce(sum(amount) FILTER (WHERE kind_of(credit) = platform_fee()), 0)
        INTO earned, fee FROM transfer WHERE txn = e.id;
        SELECT coalesce(sum(posted), 0) INTO available FROM (
            SELECT posted FROM balance WHERE account = account_id(creator, creator_available()) FOR NO KEY UPDATE) b;
        IF matured AND available < earned THEN
            INSERT INTO account (id) VALUES (account_id(creator, creator_debt())) ON CONFLICT DO NOTHING;
        END IF;
        INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
        SELECT p_txn, leg, place, 'gift_refund', account_id(owner, kind), account_id(sender, back), amount
        FROM nextval('posting') AS place, (VALUES
            (0, creator, creator_score(), user_bonus(), e.bonus * 100),
            (1, creator, creator_earnings(), user_paid(), CASE WHEN matured THEN 0 ELSE earned END),
            (2, creator, creator_available(), user_paid(), CASE WHEN matured THEN least(earned, available) ELSE 0 END),
            (3, creator, creator_debt(), user_paid(), CASE WHEN matured THEN greatest(earned - available, 0) ELSE 0 END),
            (4, 0, platform_fee(), user_paid(), fee)) legs (leg, owner, kind, back, amount)
        WHERE amount > 0;
        PERFORM repay_debt(p_txn, sender, e.paid * 100);
        UPDATE gift_events SET state = 'refunded' WHERE id = e.id;
        INSERT INTO gift_refunds (gift_event_id, txn, actor_id, reason) VALUES (e.id, p_txn, p_actor, p_reason)
        RETURNING * INTO r;
        INSERT INTO outbox (topic, key, payload, request_id)
        VALUES ('economy', e.stream_id::text, gift_refunded(p_event, e, r), p_request);
    END IF;
    SELECT paid / 100 AS paid, bonus / 100 AS bonus INTO held FROM ledger.wallet WHERE user_id = e.from_user_id;
    RETURN (CASE WHEN r IS NULL THEN 'refunded_before' ELSE 'refunded' END,
            e.from_user_id, e.stream_id, e.tokens, held.paid, held.bonus)::refund_outcome;
END$$;

-- As before; what is claimed does not mature.
CREATE OR REPLACE FUNCTION ledger.mature_earnings(p_creator uuid, p_txn uuid, p_before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    owner CONSTANT bigint := (SELECT number FROM users WHERE id = p_creator);
    earnings CONSTANT bigint := account_id(owner, creator_earnings());
    free CONSTANT bigint := account_id(owner, creator_available());
    debt CONSTANT bigint := account_id(owner, creator_debt());
    since CONSTANT timestamptz := lock_maturity(owner);
    earned bigint;
    owed bigint;
BEGIN
    IF p_before <= since THEN
        RETURN 0;
    END IF;
    SELECT coalesce(sum(t.amount - claimed), 0) INTO earned
    FROM (SELECT e.id AS txn, coalesce((SELECT sum(share) FROM claim c WHERE c.gift_event_id = e.id
                                        AND c.state <> 'released'), 0) AS claimed
          FROM streams s JOIN gift_events e ON e.stream_id = s.id
          WHERE s.creator_id = p_creator AND e.created_at > since AND e.created_at <= p_before AND e.state <> 'refunded'
          UNION ALL
          SELECT x.txn, 0 FROM hold h JOIN hold_end x USING (id)
          WHERE h.creator = owner AND x.how = 'posted' AND x.at > since AND x.at <= p_before) moved
    JOIN transfer t USING (txn) WHERE t.credit = earnings;
    UPDATE maturity SET until = p_before WHERE creator = owner;
    IF earned > 0 THEN
        INSERT INTO account (id) VALUES (free) ON CONFLICT DO NOTHING;
        INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
        VALUES (p_txn, 0, nextval('posting'), 'mature', earnings, free, earned);
        SELECT coalesce(-sum(posted), 0) INTO owed FROM balance WHERE account = debt;
        IF owed > 0 THEN
            INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
            VALUES (p_txn, 1, nextval('posting'), 'debt_repaid', free, debt, least(owed, earned));
        END IF;
    END IF;
    RETURN earned;
END$$;

-- Why a wallet may not spend: `dispute`, of these purchases, or an admin's own words. NULL where it may.
CREATE VIEW ledger.wallet_lock AS
SELECT w.user_id, w.locked_for AS reason,
       ARRAY(SELECT p.id FROM payments p WHERE p.user_id = w.user_id AND p.locks ORDER BY p.id) AS purchases
FROM ledger.wallet w;

-- Claims and waiting refunds in balance with the ledger: every row must say 0.
CREATE VIEW ledger.audit_of_claims AS
SELECT 'contested earnings that differ from their claims' AS finding, count(*) AS found
FROM (SELECT FROM (SELECT account, posted AS amount FROM ledger.balance
                   WHERE ledger.kind_of(account) = ledger.creator_contested()
                   UNION ALL SELECT ledger.account_id(creator, ledger.creator_contested()), -share
                   FROM ledger.claim WHERE state = 'held') both_sides
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

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT SELECT ON ledger.wallet_lock, ledger.audit_of_claims TO ledger_client;

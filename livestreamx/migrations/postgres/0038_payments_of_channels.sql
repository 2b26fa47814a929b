-- The ledger follows what is paid for channels in money: what Stripe said of it is kept, then desired minus applied.

-- What one event led to. `outcome`: `duplicate`, `kept` (nobody knows yet what it is for), `amount_mismatch` or
-- `settled`; `moved` is what the creator got, below zero when it was taken back; `is_first` says that nothing of this
-- charge had been credited before; `kept_minor` is what is paid of it by now.
CREATE TYPE ledger.charge_settlement AS (
    outcome text, charge_id uuid, subscription_id uuid, gift_id uuid, creator_id uuid, payer_id uuid, moved bigint,
    kept_minor bigint, is_first boolean);

-- Makes the ledger what a charge wants: what is contested comes back first, then money in or out, and what is contested
-- still goes aside again. Locks what it may touch in the order of `post`.
CREATE FUNCTION ledger.post_charge(c channel_charges, p_share bigint, p_fee bigint, p_contested bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    owner CONSTANT bigint := (SELECT number FROM users WHERE id = c.creator_id);
    aside CONSTANT bigint := account_id(owner, creator_contested());
    debt CONSTANT bigint := account_id(owner, creator_debt());
    matured CONSTANT boolean := coalesce(c.credited_at <= lock_maturity(owner), false);
    home CONSTANT bigint := account_id(owner, CASE WHEN matured THEN creator_available() ELSE creator_earnings() END);
    more CONSTANT flow := CASE WHEN c.steps = 0 THEN 'subscription' ELSE 'subscription_return' END;
    back CONSTANT bigint := greatest(c.share - p_share, 0);
    this_txn CONSTANT uuid := uuidv7();
    there bigint;
    aside_now bigint;
BEGIN
    INSERT INTO account (id) VALUES (account_id(owner, creator_earnings())) ON CONFLICT DO NOTHING;
    IF c.steps > 0 OR p_contested > 0 THEN
        INSERT INTO account (id) VALUES (account_id(owner, creator_available())), (aside), (debt) ON CONFLICT DO NOTHING;
        PERFORM FROM balance
        WHERE account IN (account_id(owner, creator_earnings()), account_id(owner, creator_available()), aside, debt)
            OR account = platform_fee()
        ORDER BY account < 256, account, stripe FOR NO KEY UPDATE;
    END IF;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT this_txn, 0, nextval('posting'), 'contest_release', aside, home, c.held WHERE c.held > 0;
    SELECT coalesce(sum(posted), 0) INTO there FROM balance WHERE account = home;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT this_txn, leg, nextval('posting'), 'subscription_refund', giver, paid_source(), amount
    FROM (VALUES (1, home, least(back, there)), (2, debt, greatest(back - there, 0)),
                 (3, platform_fee()::bigint, c.fee - p_fee)) legs (leg, giver, amount) WHERE amount > 0;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT this_txn, leg, nextval('posting'), more, paid_source(), taker, amount
    FROM (VALUES (4, home, p_share - c.share), (5, platform_fee()::bigint, p_fee - c.fee)) legs (leg, taker, amount)
    WHERE amount > 0;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT this_txn, 6, nextval('posting'), 'debt_repaid', home, debt, least(owed, p_share - c.share)
    FROM (SELECT coalesce(-sum(posted), 0)::bigint AS owed FROM balance WHERE account = debt) debts
    WHERE matured AND least(owed, p_share - c.share) > 0;
    SELECT least(p_contested, coalesce(sum(posted), 0))::bigint INTO aside_now FROM balance WHERE account = home;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT this_txn, 7, nextval('posting'), 'contest', home, aside, aside_now WHERE aside_now > 0;
    INSERT INTO channel_postings (txn, charge_id, step, share, fee, held)
    VALUES (this_txn, c.id, c.steps, p_share - c.share, p_fee - c.fee, aside_now - c.held);
    UPDATE channel_charges SET share = p_share, fee = p_fee, contested = p_contested, held = aside_now,
        steps = steps + 1, credited_at = coalesce(credited_at, clock_timestamp())
    WHERE id = c.id;
END$$;

-- Desired minus applied: what is paid and was not taken back, split; of that, what is disputed.
CREATE FUNCTION ledger.settle_charge(p_charge uuid) RETURNS ledger.charge_settlement
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    c channel_charges;
    f payment_facts;
    paid record;
    lost bigint;
    open bigint;
    fits boolean;
    kept bigint;
    each bigint;
BEGIN
    SELECT * INTO STRICT c FROM channel_charges WHERE id = p_charge FOR NO KEY UPDATE;
    SELECT * INTO f FROM payment_facts WHERE payment_intent = c.payment_intent;
    IF c.invoice IS NULL THEN
        SELECT f.paid_minor AS minor, f.currency AS currency INTO paid;
    ELSE
        SELECT i.paid_minor AS minor, i.currency AS currency INTO paid FROM invoice_facts i WHERE i.invoice = c.invoice;
    END IF;
    SELECT coalesce(sum(amount_minor) FILTER (WHERE d.lost AND NOT won), 0),
           coalesce(sum(amount_minor) FILTER (WHERE opened AND NOT won AND NOT d.lost), 0)
    INTO lost, open FROM payment_disputes d WHERE d.payment_intent = c.payment_intent;
    fits := (paid.minor, paid.currency) IS NOT DISTINCT FROM (c.price_minor, c.currency);
    kept := CASE WHEN fits THEN greatest(c.price_minor - coalesce(f.refunded_minor, 0) - lost, 0) ELSE 0 END;
    each := 100 - c.fee_percent;
    IF (c.share, c.fee, c.contested) <> (kept * each, kept * c.fee_percent, least(open, kept) * each) THEN
        PERFORM post_charge(c, kept * each, kept * c.fee_percent, least(open, kept) * each);
    END IF;
    RETURN (CASE WHEN paid.minor IS NOT NULL AND NOT fits THEN 'amount_mismatch' ELSE 'settled' END, c.id,
            c.subscription_id, c.gift_id, c.creator_id, c.payer_id, kept * each - c.share, kept,
            c.steps = 0 AND kept > 0)::charge_settlement;
END$$;

CREATE FUNCTION ledger.note_stripe_event(p_event text, p_type text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
BEGIN
    INSERT INTO stripe_events (id, type) VALUES (p_event, p_type) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END$$;

-- Takes one event about an invoice, once. NULL is what the event does not say.
CREATE FUNCTION ledger.take_invoice_event(
    p_event text, p_type text, p_invoice text, p_subscription uuid, p_intent text, p_paid bigint, p_currency text,
    p_failed boolean, p_start timestamptz, p_end timestamptz
) RETURNS ledger.charge_settlement LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    i invoice_facts;
    s subscriptions;
    charge uuid;
BEGIN
    IF NOT note_stripe_event(p_event, p_type) THEN
        RETURN ('duplicate', NULL, NULL, NULL, NULL, NULL, 0, 0, false)::charge_settlement;
    END IF;
    INSERT INTO invoice_facts AS known (invoice, subscription_id, payment_intent, paid_minor, currency, failed,
                                        period_start, period_end)
    VALUES (p_invoice, p_subscription, p_intent, p_paid, CASE WHEN p_paid IS NOT NULL THEN p_currency END, p_failed,
            p_start, p_end)
    ON CONFLICT (invoice) DO UPDATE SET  -- the lock puts what is said of one invoice in a row
        subscription_id = coalesce(known.subscription_id, excluded.subscription_id),
        payment_intent = coalesce(known.payment_intent, excluded.payment_intent),
        paid_minor = greatest(known.paid_minor, excluded.paid_minor),
        currency = greatest(known.currency, excluded.currency),
        failed = known.failed OR excluded.failed,
        period_start = least(known.period_start, excluded.period_start),
        period_end = greatest(known.period_end, excluded.period_end)
    RETURNING * INTO i;
    IF i.payment_intent IS NOT NULL THEN  -- and this, what is said of its payment
        INSERT INTO payment_facts AS f (payment_intent) VALUES (i.payment_intent)
        ON CONFLICT (payment_intent) DO UPDATE SET card = f.card;
    END IF;
    SELECT * INTO s FROM subscriptions WHERE id = i.subscription_id;
    IF NOT FOUND THEN
        RETURN ('kept', NULL, NULL, NULL, NULL, NULL, 0, 0, false)::charge_settlement;
    END IF;
    INSERT INTO channel_charges AS known (creator_id, payer_id, subscription_id, invoice, payment_intent, price_minor,
                                          currency)
    VALUES (s.creator_id, s.user_id, s.id, i.invoice, i.payment_intent, s.price_minor, s.currency)
    ON CONFLICT (invoice) DO UPDATE SET payment_intent = coalesce(known.payment_intent, excluded.payment_intent)
    RETURNING id INTO charge;
    RETURN settle_charge(charge);
END$$;

-- Takes one event about the checkout of a gift, once.
CREATE FUNCTION ledger.take_gift_event(
    p_event text, p_type text, p_gift uuid, p_intent text, p_paid bigint, p_currency text
) RETURNS ledger.charge_settlement LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    g subscription_gifts;
    charge uuid;
BEGIN
    IF (take_stripe_event(p_event, p_type, p_intent, NULL, p_paid, p_currency, false, NULL, NULL, NULL, NULL, false,
                          false, false)).outcome = 'duplicate'
    THEN
        RETURN ('duplicate', NULL, NULL, NULL, NULL, NULL, 0, 0, false)::charge_settlement;
    END IF;
    SELECT * INTO g FROM subscription_gifts WHERE id = p_gift;
    IF NOT FOUND THEN
        RETURN ('kept', NULL, NULL, NULL, NULL, NULL, 0, 0, false)::charge_settlement;
    END IF;
    INSERT INTO channel_charges AS known (creator_id, payer_id, gift_id, payment_intent, price_minor, currency)
    VALUES (g.creator_id, g.giver_id, g.id, p_intent, g.price_minor * g.qty, g.currency)
    ON CONFLICT (gift_id) DO UPDATE SET payment_intent = coalesce(known.payment_intent, excluded.payment_intent)
    RETURNING id INTO charge;
    RETURN settle_charge(charge);
END$$;

-- What was said of a payment of this kind, after `take_stripe_event` has kept it.
CREATE FUNCTION ledger.settle_intent(p_intent text) RETURNS ledger.charge_settlement
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    charge CONSTANT uuid := (SELECT id FROM channel_charges WHERE payment_intent = p_intent);
BEGIN
    IF charge IS NULL THEN
        RETURN ('kept', NULL, NULL, NULL, NULL, NULL, 0, 0, false)::charge_settlement;
    END IF;
    RETURN settle_charge(charge);
END$$;

-- As before, and what was paid for the channel in money; what is held of it does not mature.
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
    earned := earned + (SELECT coalesce(sum(share - held), 0) FROM channel_charges
                        WHERE creator_id = p_creator AND credited_at > since AND credited_at <= p_before);
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

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    ledger.note_stripe_event(text, text), ledger.settle_intent(text),
    ledger.take_invoice_event(text, text, text, uuid, text, bigint, text, boolean, timestamptz, timestamptz),
    ledger.take_gift_event(text, text, uuid, text, bigint, text)
TO ledger_client;

-- Buying tokens: what is for sale, what was ordered, what Stripe said of it, and the ledger that follows.

ALTER TYPE ledger.flow ADD VALUE 'purchase_refund';  -- a payment is given back
ALTER TYPE ledger.flow ADD VALUE 'chargeback';       -- a payment is lost in a dispute

-- what a buyer owes: tokens that were spent before their payment was taken back

CREATE FUNCTION ledger.user_debt() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 17;  -- 000 1 0 001

CREATE OR REPLACE FUNCTION ledger.kind_name(account bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE ledger.kind_of(account)
    WHEN ledger.user_paid()         THEN 'user.paid'
    WHEN ledger.creator_available() THEN 'creator.available'
    WHEN ledger.user_held()         THEN 'user.held'
    WHEN ledger.creator_earnings()  THEN 'creator.earnings'
    WHEN ledger.platform_fee()      THEN 'platform.fee'
    WHEN ledger.user_debt()         THEN 'user.debt'
    WHEN ledger.creator_debt()      THEN 'creator.debt'
    WHEN ledger.paid_source()       THEN 'paid.source'
    WHEN ledger.user_bonus()        THEN 'user.bonus'
    WHEN ledger.user_held_bonus()   THEN 'user.held_bonus'
    WHEN ledger.creator_score()     THEN 'creator.score'
    WHEN ledger.bonus_source()      THEN 'bonus.source'
END;

CREATE OR REPLACE FUNCTION ledger.is_legal(flow ledger.flow, debit bigint, credit bigint) RETURNS boolean
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
    d CONSTANT int := ledger.kind_of(debit);
    c CONSTANT int := ledger.kind_of(credit);
BEGIN
    RETURN CASE flow
        WHEN 'gift' THEN  -- a bonus token becomes score, never earnings
            (d, c) IN ((ledger.user_bonus(), ledger.creator_score()),
                       (ledger.user_paid(), ledger.creator_earnings()),
                       (ledger.user_paid(), ledger.platform_fee()))
        WHEN 'gift_refund' THEN  -- out of what the creator still has, else as a debt
            (d, c) IN ((ledger.creator_score(), ledger.user_bonus()),
                       (ledger.creator_earnings(), ledger.user_paid()),
                       (ledger.creator_available(), ledger.user_paid()),
                       (ledger.creator_debt(), ledger.user_paid()),
                       (ledger.platform_fee(), ledger.user_paid()))
        WHEN 'signup' THEN (d, c) = (ledger.bonus_source(), ledger.user_bonus())
        WHEN 'topup' THEN (d, c) = (ledger.bonus_source(), ledger.user_bonus())
        WHEN 'promo' THEN (d, c) = (ledger.bonus_source(), ledger.user_bonus())
        WHEN 'purchase' THEN (d, c) = (ledger.paid_source(), ledger.user_paid())
        WHEN 'purchase_refund' THEN  -- out of what is left, else as a debt
            (d, c) IN ((ledger.user_paid(), ledger.paid_source()), (ledger.user_debt(), ledger.paid_source()))
        WHEN 'chargeback' THEN
            (d, c) IN ((ledger.user_paid(), ledger.paid_source()), (ledger.user_debt(), ledger.paid_source()))
        WHEN 'debt_repaid' THEN
            (d, c) IN ((ledger.creator_available(), ledger.creator_debt()), (ledger.user_paid(), ledger.user_debt()))
        WHEN 'mature' THEN (d, c) = (ledger.creator_earnings(), ledger.creator_available())
        WHEN 'payout' THEN (d, c) = (ledger.creator_available(), ledger.paid_source())
        WHEN 'hold' THEN
            (d, c) IN ((ledger.user_bonus(), ledger.user_held_bonus()), (ledger.user_paid(), ledger.user_held()))
        WHEN 'hold_void' THEN
            (d, c) IN ((ledger.user_held_bonus(), ledger.user_bonus()), (ledger.user_held(), ledger.user_paid()))
        WHEN 'hold_post' THEN  -- as a gift
            (d, c) IN ((ledger.user_held_bonus(), ledger.creator_score()),
                       (ledger.user_held(), ledger.creator_earnings()),
                       (ledger.user_held(), ledger.platform_fee()))
        WHEN 'pack' THEN
            (d, c) IN ((ledger.user_bonus(), ledger.bonus_source()), (ledger.user_paid(), ledger.platform_fee()))
        ELSE false
    END AND (debit >> 8 = credit >> 8 OR flow NOT IN ('mature', 'debt_repaid', 'hold', 'hold_void'));
END$$;

CREATE TABLE token_packs (
    id          text PRIMARY KEY CHECK (id ~ '^[a-z0-9_]{1,32}$'),
    tokens      bigint NOT NULL CHECK (tokens BETWEEN 1 AND 1000000),
    price_minor bigint NOT NULL CHECK (price_minor BETWEEN 1 AND 100000000),
    currency    text NOT NULL CHECK (currency ~ '^[a-z]{3}$')
);

-- One order of a pack, as it was priced then. `credited` is how many of its tokens the ledger has given by now.
CREATE TABLE payments (
    id              uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id         uuid NOT NULL REFERENCES users,
    pack_id         text NOT NULL,
    tokens          bigint NOT NULL CHECK (tokens > 0),
    price_minor     bigint NOT NULL CHECK (price_minor > 0),
    currency        text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 128),
    checkout_url    text,
    payment_intent  text UNIQUE,
    gave_up         boolean NOT NULL DEFAULT false,  -- Stripe said that no money will come
    locks           boolean NOT NULL DEFAULT false,  -- a dispute of it locked the wallet
    credited        bigint NOT NULL DEFAULT 0 CONSTRAINT no_more_than_ordered CHECK (credited BETWEEN 0 AND tokens),
    steps           int NOT NULL DEFAULT 0 CHECK (steps >= 0),
    state           text NOT NULL DEFAULT 'created'
                    CHECK (state IN ('created', 'paid', 'credited', 'failed', 'refunded', 'disputed')),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    paid_at         timestamptz,
    UNIQUE (user_id, idempotency_key)
);
CREATE INDEX payments_of_user ON payments (user_id, id DESC);

-- what Stripe said: facts that only grow, so that any order and any number of deliveries ends in the same rows

CREATE TABLE stripe_events (
    id          text PRIMARY KEY,
    type        text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stripe_events
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Kept by payment intent: a refund or a dispute may be told before the order that it belongs to.
CREATE TABLE payment_facts (
    payment_intent text PRIMARY KEY,
    paid_minor     bigint CHECK (paid_minor >= 0),  -- NULL until it is paid
    currency       text,
    refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
    card           text  -- Stripe's fingerprint: the same for one card in every account
);
CREATE INDEX payment_facts_by_card ON payment_facts (card) WHERE card IS NOT NULL;

CREATE TABLE payment_disputes (
    id             text PRIMARY KEY,
    payment_intent text NOT NULL REFERENCES payment_facts,
    amount_minor   bigint NOT NULL CHECK (amount_minor >= 0),
    opened         boolean NOT NULL,
    won            boolean NOT NULL,
    lost           boolean NOT NULL,
    lifted         boolean NOT NULL DEFAULT false  -- an admin unlocked the wallet in spite of it
);
CREATE INDEX payment_disputes_of_intent ON payment_disputes (payment_intent);

-- Each time the ledger followed a payment: the transfers of `txn` moved so many tokens, back when below zero.
CREATE TABLE payment_postings (
    txn        uuid PRIMARY KEY DEFAULT uuidv7(),
    payment_id uuid NOT NULL REFERENCES payments,
    step       int NOT NULL,
    tokens     bigint NOT NULL CHECK (tokens <> 0),
    UNIQUE (payment_id, step)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_postings
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Tokens into a wallet, out of which a debt is repaid first; or back out of it by the flow `p_back`, as far as they are
-- there, and the rest as a debt.
CREATE FUNCTION ledger.post_payment(p_payment payments, p_tokens bigint, p_back ledger.flow) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    owner CONSTANT bigint := (SELECT number FROM users WHERE id = p_payment.user_id);
    wallet CONSTANT bigint := account_id(owner, user_paid());
    debt CONSTANT bigint := account_id(owner, user_debt());
    amount CONSTANT bigint := abs(p_tokens) * 100;
    place CONSTANT bigint := nextval('posting');
    held bigint;
    owed bigint;
    this_txn uuid;
BEGIN
    INSERT INTO payment_postings (payment_id, step, tokens) VALUES (p_payment.id, p_payment.steps, p_tokens)
    RETURNING txn INTO this_txn;
    SELECT posted INTO STRICT held FROM balance WHERE account = wallet AND stripe = 0;
    SELECT coalesce(-sum(posted), 0) INTO owed FROM balance WHERE account = debt;
    IF p_tokens > 0 THEN
        INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
        VALUES (this_txn, 0, place, 'purchase', paid_source(), wallet, amount);
        INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
        SELECT this_txn, 1, nextval('posting'), 'debt_repaid', wallet, debt, least(amount, owed) WHERE owed > 0;
        RETURN;
    END IF;
    IF amount > held THEN
        INSERT INTO account (id) VALUES (debt) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT this_txn, leg, place, p_back, account, paid_source(), part
    FROM (VALUES (0, wallet, least(amount, held)), (1, debt, amount - least(amount, held))) legs (leg, account, part)
    WHERE part > 0;
END$$;

-- What one event led to. `outcome`: `duplicate`, `kept` (its order is not known yet), `amount_mismatch`,
-- `second_payment` (this order was paid by another intent) or `settled`; `moved` is in tokens.
CREATE TYPE ledger.settlement AS (
    outcome text, payment_id uuid, user_id uuid, moved bigint, state text, locked boolean, card text,
    sharing_card uuid[]);

-- Makes the ledger and the wallet's lock what the facts of a payment want: desired minus applied.
CREATE FUNCTION ledger.settle_payment(p_payment uuid) RETURNS ledger.settlement
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    p payments;
    f payment_facts;
    disputed boolean;
    wants_lock boolean;
    lost bigint;
    fits boolean;
    kept bigint;
    due bigint;
    moved bigint;
    others uuid[];
BEGIN
    SELECT * INTO STRICT p FROM payments WHERE id = p_payment FOR UPDATE;
    SELECT * INTO f FROM payment_facts WHERE payment_intent = p.payment_intent;
    SELECT coalesce(bool_or(opened AND NOT won), false), coalesce(bool_or(opened AND NOT won AND NOT lifted), false),
           coalesce(sum(amount_minor) FILTER (WHERE d.lost AND NOT won), 0)
    INTO disputed, wants_lock, lost FROM payment_disputes d WHERE payment_intent = p.payment_intent;

    fits := (f.paid_minor, f.currency) IS NOT DISTINCT FROM (p.price_minor, p.currency);
    kept := CASE WHEN fits THEN greatest(p.price_minor - f.refunded_minor - lost, 0) ELSE 0 END;
    due := p.tokens * kept / p.price_minor;
    moved := due - p.credited;
    -- The lock puts all that happens to one wallet in a row, as gifts do.
    PERFORM FROM balance b JOIN users u ON u.id = p.user_id
    WHERE b.account IN (account_id(u.number, user_paid()), account_id(u.number, user_bonus())) AND stripe = 0
    ORDER BY b.account FOR NO KEY UPDATE OF b;
    IF moved <> 0 THEN
        PERFORM post_payment(p, moved, CASE WHEN lost > 0 THEN 'chargeback' ELSE 'purchase_refund' END::ledger.flow);
    END IF;
    UPDATE payments SET credited = due, steps = steps + (moved <> 0)::int, locks = wants_lock,
        paid_at = CASE WHEN f.paid_minor IS NOT NULL THEN coalesce(paid_at, clock_timestamp()) END,
        state = CASE WHEN f.paid_minor IS NULL THEN CASE WHEN gave_up THEN 'failed' ELSE 'created' END
                     WHEN disputed THEN 'disputed' WHEN NOT fits THEN 'paid'
                     WHEN due = 0 THEN 'refunded' ELSE 'credited' END
    WHERE id = p.id RETURNING state INTO p.state;

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

-- Takes one event of Stripe, once. NULL is what the event does not say.
CREATE FUNCTION ledger.take_stripe_event(
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
    RETURN CASE WHEN payment IS NULL THEN nothing ELSE settle_payment(payment) END;
END$$;

-- An admin unlocks a wallet, whatever locked it; disputes known by now do not lock it again.
CREATE FUNCTION ledger.lift_locks(p_user uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
    UPDATE payment_disputes SET lifted = true
    WHERE payment_intent IN (SELECT payment_intent FROM payments WHERE user_id = p_user);
    UPDATE payments SET locks = false WHERE user_id = p_user AND locks;
    SELECT lock_wallet(p_user, NULL);
$$;

-- Payments in balance with the ledger: every row must say 0.
CREATE VIEW ledger.audit_of_payments AS
SELECT 'payments that differ from their postings' AS finding, count(*) AS found
FROM payments p WHERE credited <> (SELECT coalesce(sum(tokens), 0) FROM payment_postings WHERE payment_id = p.id)
UNION ALL
SELECT 'postings that differ from their transfers', count(*)
FROM payment_postings o JOIN payments p ON p.id = o.payment_id JOIN users u ON u.id = p.user_id
WHERE o.tokens * 100 <> (
    SELECT coalesce(sum(CASE WHEN debit = ledger.paid_source() AND credit >> 8 = u.number THEN amount
                             WHEN credit = ledger.paid_source() AND debit >> 8 = u.number THEN -amount END), 0)
    FROM ledger.transfer t WHERE t.txn = o.txn);

-- An order is entered and gets its address at Stripe; all else is written by the functions.
GRANT SELECT ON token_packs, payments, stripe_events, payment_facts, payment_disputes, payment_postings,
    ledger.audit_of_payments TO ledger_client;
GRANT INSERT (user_id, pack_id, tokens, price_minor, currency, idempotency_key), UPDATE (checkout_url)
    ON payments TO ledger_client;
REVOKE ALL ON FUNCTION
    ledger.user_debt(), ledger.post_payment(payments, bigint, ledger.flow), ledger.settle_payment(uuid),
    ledger.lift_locks(uuid),
    ledger.take_stripe_event(text, text, text, uuid, bigint, text, boolean, bigint, text, text, bigint, boolean,
                             boolean, boolean)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    ledger.user_debt(), ledger.lift_locks(uuid),
    ledger.take_stripe_event(text, text, text, uuid, bigint, text, boolean, bigint, text, text, bigint, boolean,
                             boolean, boolean)
TO ledger_client;

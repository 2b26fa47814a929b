-- Subscriptions to channels: what is ordered and given, what Stripe said of it, and the ledger that follows.
--
-- As in 0004: whatever names a new flow here is plpgsql; functions and views that name one come in the next files.

ALTER TYPE ledger.flow ADD VALUE 'subscription';         -- what was paid for a channel: its share and the fee
ALTER TYPE ledger.flow ADD VALUE 'subscription_refund';  -- a payment of it is given back, or lost in a dispute
ALTER TYPE ledger.flow ADD VALUE 'subscription_return';  -- what was lost is won after all

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
        WHEN 'level' THEN (d, c) = (ledger.bonus_source(), ledger.user_bonus())
        WHEN 'purchase' THEN (d, c) = (ledger.paid_source(), ledger.user_paid())
        WHEN 'purchase_refund' THEN  -- out of what is left, else as a debt
            (d, c) IN ((ledger.user_paid(), ledger.paid_source()), (ledger.user_debt(), ledger.paid_source()))
        WHEN 'chargeback' THEN
            (d, c) IN ((ledger.user_paid(), ledger.paid_source()), (ledger.user_debt(), ledger.paid_source()))
        WHEN 'contest' THEN
            (d, c) IN ((ledger.creator_earnings(), ledger.creator_contested()),
                       (ledger.creator_available(), ledger.creator_contested()))
        WHEN 'contest_release' THEN
            (d, c) IN ((ledger.creator_contested(), ledger.creator_earnings()),
                       (ledger.creator_contested(), ledger.creator_available()))
        WHEN 'clawback' THEN  -- never beyond what is owed: `debts_are_owed`
            (d, c) IN ((ledger.creator_contested(), ledger.user_debt()), (ledger.platform_fee(), ledger.user_debt()))
        WHEN 'clawback_return' THEN
            (d, c) IN ((ledger.user_debt(), ledger.creator_contested()), (ledger.user_debt(), ledger.platform_fee()))
        WHEN 'refund_hold' THEN (d, c) = (ledger.user_paid(), ledger.user_refunding())
        WHEN 'refund_void' THEN (d, c) = (ledger.user_refunding(), ledger.user_paid())
        WHEN 'debt_repaid' THEN
            (d, c) IN ((ledger.creator_available(), ledger.creator_debt()), (ledger.user_paid(), ledger.user_debt()))
        WHEN 'mature' THEN (d, c) = (ledger.creator_earnings(), ledger.creator_available())
        WHEN 'payout_hold' THEN (d, c) = (ledger.creator_available(), ledger.creator_in_payout())
        WHEN 'payout_return' THEN (d, c) = (ledger.creator_in_payout(), ledger.creator_available())
        WHEN 'payout' THEN (d, c) = (ledger.creator_in_payout(), ledger.paid_source())
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
        WHEN 'subscription' THEN  -- money from outside, split at once
            (d, c) IN ((ledger.paid_source(), ledger.creator_earnings()), (ledger.paid_source(), ledger.platform_fee()))
        WHEN 'subscription_refund' THEN  -- out of what the creator still has, else as a debt
            (d, c) IN ((ledger.creator_earnings(), ledger.paid_source()),
                       (ledger.creator_available(), ledger.paid_source()),
                       (ledger.creator_debt(), ledger.paid_source()),
                       (ledger.platform_fee(), ledger.paid_source()))
        WHEN 'subscription_return' THEN
            (d, c) IN ((ledger.paid_source(), ledger.creator_earnings()),
                       (ledger.paid_source(), ledger.creator_available()),
                       (ledger.paid_source(), ledger.platform_fee()))
        ELSE false
    END AND (debit >> 8 = credit >> 8
             OR flow NOT IN ('mature', 'debt_repaid', 'hold', 'hold_void', 'contest', 'contest_release', 'refund_hold',
                             'refund_void', 'payout_hold', 'payout_return'));
END$$;

CREATE TABLE subscription_tiers (
    tier        int PRIMARY KEY CHECK (tier BETWEEN 1 AND 3),
    price_minor bigint NOT NULL CHECK (price_minor BETWEEN 1 AND 100000000),  -- a month of it
    currency    text NOT NULL CHECK (currency = 'usd')  -- a token's face is a cent of USD, and so are earnings
);

-- Subscriptions that somebody pays for others: `qty` of them to chatters, or one to a person named.
CREATE TABLE subscription_gifts (
    id               uuid PRIMARY KEY DEFAULT uuidv7(),
    giver_id         uuid NOT NULL REFERENCES users,
    creator_id       uuid NOT NULL REFERENCES users,
    recipient_id     uuid REFERENCES users,
    tier             int NOT NULL CHECK (tier BETWEEN 1 AND 3),
    qty              int NOT NULL CHECK (qty BETWEEN 1 AND 100),
    price_minor      bigint NOT NULL CHECK (price_minor > 0),  -- of one
    currency         text NOT NULL,
    idempotency_key  text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 128),
    checkout_session text,
    checkout_url     text,
    given            int NOT NULL DEFAULT 0 CONSTRAINT no_more_than_paid CHECK (given BETWEEN 0 AND qty),
    state            text NOT NULL DEFAULT 'created' CHECK (state IN ('created', 'paid', 'given', 'failed', 'refunded')),
    looked_at        timestamptz NOT NULL DEFAULT '-infinity',  -- for people to give them to
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    paid_at          timestamptz,
    CHECK (giver_id <> recipient_id AND (recipient_id IS NULL OR qty = 1)),
    CHECK (recipient_id IS NULL OR recipient_id <> creator_id),
    UNIQUE (giver_id, idempotency_key)
);
CREATE INDEX owed_gifts ON subscription_gifts (looked_at) WHERE state = 'paid';

-- `renews_at` is until when it is paid; it lasts a week longer, unless it was canceled or given.
CREATE TABLE subscriptions (
    id               uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id          uuid NOT NULL REFERENCES users,
    creator_id       uuid NOT NULL REFERENCES users,
    tier             int NOT NULL CHECK (tier BETWEEN 1 AND 3),
    price_minor      bigint NOT NULL CHECK (price_minor > 0),
    currency         text NOT NULL,
    gift_id          uuid REFERENCES subscription_gifts,
    idempotency_key  text CHECK (length(idempotency_key) BETWEEN 1 AND 128),
    checkout_session text,
    checkout_url     text,
    stripe_id        text UNIQUE,
    gave_up          boolean NOT NULL DEFAULT false,  -- no money will come
    canceled_at      timestamptz,
    is_over          boolean NOT NULL DEFAULT false,  -- Stripe ended it: nothing more will be paid
    state            text NOT NULL DEFAULT 'incomplete'
                     CHECK (state IN ('incomplete', 'active', 'past_due', 'canceled', 'expired')),
    started_at       timestamptz,
    renews_at        timestamptz,
    due_at           timestamptz,  -- when time alone changes its state
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (user_id <> creator_id),
    CHECK ((gift_id IS NULL) = (idempotency_key IS NOT NULL)),
    CHECK (state IN ('incomplete', 'expired') OR (started_at IS NOT NULL AND renews_at IS NOT NULL)),
    UNIQUE (user_id, idempotency_key)
);
CREATE UNIQUE INDEX one_open_subscription ON subscriptions (user_id, creator_id)
    WHERE state <> 'expired' AND gift_id IS NULL;
CREATE UNIQUE INDEX one_open_gift ON subscriptions (user_id, creator_id)
    WHERE state <> 'expired' AND gift_id IS NOT NULL;
CREATE INDEX subscriptions_of_user ON subscriptions (user_id, id DESC);
CREATE INDEX subscribers_of_creator ON subscriptions (creator_id, id DESC) WHERE state <> 'incomplete';
CREATE INDEX subscriptions_of_gift ON subscriptions (gift_id) WHERE gift_id IS NOT NULL;
CREATE INDEX due_subscriptions ON subscriptions (due_at) WHERE due_at IS NOT NULL;

CREATE FUNCTION subscription_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.user_id, OLD.creator_id, OLD.tier, OLD.price_minor, OLD.currency, OLD.gift_id, OLD.idempotency_key)
        IS DISTINCT FROM
        (NEW.user_id, NEW.creator_id, NEW.tier, NEW.price_minor, NEW.currency, NEW.gift_id, NEW.idempotency_key)
    THEN
        RAISE EXCEPTION 'a subscription stays what was ordered' USING ERRCODE = '42501';
    END IF;
    IF OLD.state <> NEW.state AND NOT (
        OLD.state = 'incomplete'
        OR (OLD.state, NEW.state) IN (('active', 'past_due'), ('active', 'canceled'), ('active', 'expired'),
                                      ('past_due', 'active'), ('past_due', 'canceled'), ('past_due', 'expired'),
                                      ('canceled', 'expired'))
        -- money that came late, or was won back, is for something
        OR OLD.state = 'expired' AND NEW.state <> 'incomplete'
           AND NEW.renews_at > coalesce(OLD.renews_at, '-infinity'))
    THEN
        RAISE EXCEPTION 'a subscription that is % cannot become %', OLD.state, NEW.state USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER moves_on BEFORE UPDATE ON subscriptions FOR EACH ROW EXECUTE FUNCTION subscription_moves_on();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON subscriptions FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON subscription_gifts
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Who excluded themselves from spending orders nothing, whoever writes.
CREATE FUNCTION subscriber_may_spend() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.refuse_excluded(NEW.user_id);
    RETURN NEW;
END$$;
CREATE TRIGGER keep_limits BEFORE INSERT ON subscriptions
    FOR EACH ROW WHEN (NEW.gift_id IS NULL) EXECUTE FUNCTION subscriber_may_spend();
CREATE FUNCTION giver_may_spend() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.refuse_excluded(NEW.giver_id);
    RETURN NEW;
END$$;
CREATE TRIGGER keep_limits BEFORE INSERT ON subscription_gifts FOR EACH ROW EXECUTE FUNCTION giver_may_spend();

-- What Stripe said of an invoice: facts that only grow, kept whether or not its subscription is ours.
CREATE TABLE invoice_facts (
    invoice         text PRIMARY KEY,
    subscription_id uuid,
    payment_intent  text UNIQUE,
    paid_minor      bigint CHECK (paid_minor >= 0),  -- NULL until it is paid
    currency        text,
    failed          boolean NOT NULL DEFAULT false,
    period_start    timestamptz,
    period_end      timestamptz
);

-- What is paid for a channel in money: a period of a subscription, or a gift of some. `share`, `fee` and `held` are
-- what the ledger has given its creator and the platform by now, and set aside of the share, in hundredths of a cent;
-- `contested` is how much of the share is disputed.
CREATE TABLE channel_charges (
    id              uuid PRIMARY KEY DEFAULT uuidv7(),
    creator_id      uuid NOT NULL REFERENCES users,
    payer_id        uuid NOT NULL REFERENCES users,
    subscription_id uuid REFERENCES subscriptions,
    gift_id         uuid UNIQUE REFERENCES subscription_gifts,
    invoice         text UNIQUE REFERENCES invoice_facts,
    payment_intent  text UNIQUE,
    price_minor     bigint NOT NULL CHECK (price_minor > 0),
    currency        text NOT NULL,
    fee_percent     int NOT NULL DEFAULT 30 CHECK (fee_percent BETWEEN 0 AND 100),
    share           bigint NOT NULL DEFAULT 0 CHECK (share >= 0),
    fee             bigint NOT NULL DEFAULT 0 CHECK (fee >= 0),
    contested       bigint NOT NULL DEFAULT 0 CHECK (contested BETWEEN 0 AND share),
    held            bigint NOT NULL DEFAULT 0 CHECK (held BETWEEN 0 AND contested),
    steps           int NOT NULL DEFAULT 0 CHECK (steps >= 0),
    credited_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT no_more_than_paid CHECK (share + fee <= price_minor * 100),
    CHECK ((subscription_id IS NULL) = (gift_id IS NOT NULL) AND (invoice IS NULL) = (subscription_id IS NULL))
);
CREATE INDEX charges_of_creator ON channel_charges (creator_id, credited_at);
CREATE INDEX charges_of_subscription ON channel_charges (subscription_id) WHERE subscription_id IS NOT NULL;
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON channel_charges
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Each time the ledger followed a charge: the transfers of `txn` moved so much, back when below zero.
CREATE TABLE channel_postings (
    txn       uuid PRIMARY KEY DEFAULT uuidv7(),
    charge_id uuid NOT NULL REFERENCES channel_charges,
    step      int NOT NULL,
    share     bigint NOT NULL,
    fee       bigint NOT NULL,
    held      bigint NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (charge_id, step)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON channel_postings
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

GRANT SELECT ON subscription_tiers, subscription_gifts, subscriptions, invoice_facts, channel_charges, channel_postings
TO ledger_client;
GRANT INSERT, UPDATE ON subscriptions, subscription_gifts TO ledger_client;

-- What a disputed payment bought is held back from creators and, once the dispute is lost, taken back; and buyers give
-- unspent tokens back. The rule is told in docs/decisions/0006-disputed-gifts.md.
--
-- As in 0004: whatever names a new flow here is plpgsql; views that name one come in the next file.

ALTER TYPE ledger.flow ADD VALUE 'level';            -- bonus tokens for a level that was reached
ALTER TYPE ledger.flow ADD VALUE 'contest';          -- earnings are set aside while a payment is disputed
ALTER TYPE ledger.flow ADD VALUE 'contest_release';
ALTER TYPE ledger.flow ADD VALUE 'clawback';         -- they, and the fee, pay what the buyer owes
ALTER TYPE ledger.flow ADD VALUE 'clawback_return';
ALTER TYPE ledger.flow ADD VALUE 'refund_hold';      -- tokens that wait for their money to go back
ALTER TYPE ledger.flow ADD VALUE 'refund_void';
ALTER TYPE ledger.flow ADD VALUE 'payout_hold';      -- available earnings that are being paid out
ALTER TYPE ledger.flow ADD VALUE 'payout_return';

CREATE FUNCTION ledger.creator_contested() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 4;  -- 000 0 0 100
CREATE FUNCTION ledger.user_refunding()    RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 5;  -- 000 0 0 101
CREATE FUNCTION ledger.creator_in_payout() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 6;  -- 000 0 0 110

CREATE OR REPLACE FUNCTION ledger.kind_name(account bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE ledger.kind_of(account)
    WHEN ledger.user_paid()         THEN 'user.paid'
    WHEN ledger.creator_available() THEN 'creator.available'
    WHEN ledger.user_held()         THEN 'user.held'
    WHEN ledger.creator_contested() THEN 'creator.contested'
    WHEN ledger.user_refunding()    THEN 'user.refunding'
    WHEN ledger.creator_in_payout() THEN 'creator.in_payout'
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
        ELSE false
    END AND (debit >> 8 = credit >> 8
             OR flow NOT IN ('mature', 'debt_repaid', 'hold', 'hold_void', 'contest', 'contest_release', 'refund_hold',
                             'refund_void', 'payout_hold', 'payout_return'));
END$$;

-- A lost payment's wants: `owed` tokens were spent when it was lost. What was claimed for it: `taken` and `held` tokens.
-- Written under the lock of the buyer's wallet, as are claims; no foreign key to a payment or a gift, whose lock
-- somebody may hold who waits for that wallet.
CREATE TABLE ledger.contest (
    payment_id uuid PRIMARY KEY,
    owed       bigint NOT NULL DEFAULT 0 CHECK (owed >= 0),
    taken      bigint NOT NULL DEFAULT 0 CHECK (taken >= 0),
    held       bigint NOT NULL DEFAULT 0 CHECK (held >= 0)
);

-- So many paid tokens of a gift are claimed back; `share` and `fee` are what creator and platform give, in hundredths.
CREATE TABLE ledger.claim (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),  -- the `txn` that set the share aside
    payment_id    uuid NOT NULL REFERENCES ledger.contest,
    gift_event_id uuid NOT NULL,
    buyer         bigint NOT NULL REFERENCES users (number),
    creator       bigint NOT NULL REFERENCES users (number),
    tokens        bigint NOT NULL CHECK (tokens > 0),
    share         bigint NOT NULL CHECK (share >= 0),
    fee           bigint NOT NULL CHECK (fee >= 0),
    state         text NOT NULL CHECK (state IN ('held', 'taken', 'released')),
    cause         text NOT NULL,  -- the event that moved it last
    released      uuid,           -- the `txn` that gave it back
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (share + fee <= tokens * 100),
    CHECK ((released IS NOT NULL) = (state = 'released'))
);
CREATE INDEX live_claims_of_gift ON ledger.claim (gift_event_id) WHERE state <> 'released';
CREATE INDEX live_claims_of_buyer ON ledger.claim (buyer) WHERE state <> 'released';
CREATE INDEX claims_of_creator ON ledger.claim (creator);
CREATE INDEX claims_of_cause ON ledger.claim (cause);

CREATE FUNCTION ledger.claim_is_released_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'released' OR NEW.state <> 'released'
        OR to_jsonb(OLD) - '{state,cause,released}'::text[] <> to_jsonb(NEW) - '{state,cause,released}'::text[]
    THEN
        RAISE EXCEPTION 'a claim stays as it was made, until it is released' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER released_once BEFORE UPDATE ON ledger.claim
    FOR EACH ROW EXECUTE FUNCTION ledger.claim_is_released_once();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger.claim FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Locks all that claims of this buyer may touch, in the order of `post`: it would come to them one by one otherwise.
CREATE FUNCTION ledger.lock_for_claims(p_buyer uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    debt CONSTANT bigint := (SELECT account_id(number, user_debt()) FROM users WHERE id = p_buyer);
    creators CONSTANT bigint[] := ARRAY(
        SELECT DISTINCT u.number FROM gift_events e JOIN users u ON u.id = e.to_creator_id
        WHERE e.from_user_id = p_buyer AND e.paid > 0 ORDER BY 1);
BEGIN
    PERFORM lock_maturity(creator) FROM unnest(creators) creator;
    INSERT INTO account (id)
    SELECT account_id(creator, kind) FROM unnest(creators) creator,
        (VALUES (creator_available()), (creator_contested())) kinds (kind) ORDER BY 1 ON CONFLICT DO NOTHING;
    INSERT INTO account (id) VALUES (debt) ON CONFLICT DO NOTHING;
    PERFORM FROM balance
    WHERE account = debt OR account = platform_fee() OR account IN (
        SELECT account_id(creator, kind) FROM unnest(creators) creator, (VALUES (creator_earnings()),
            (creator_available()), (creator_contested())) kinds (kind))
    ORDER BY account < 256, account, stripe FOR NO KEY UPDATE;
END$$;

-- Where a gift's earnings are now: matured ones are available.
CREATE FUNCTION ledger.earnings_of(p_gift_event uuid, p_creator bigint) RETURNS bigint LANGUAGE sql STABLE
SET search_path = ledger, public, pg_temp AS $$
    SELECT account_id(p_creator, CASE WHEN e.created_at <= m.until THEN creator_available() ELSE creator_earnings() END)
    FROM gift_events e JOIN maturity m ON m.creator = p_creator WHERE e.id = p_gift_event
$$;

-- Claims so many tokens of one gift: its earnings as far as the creator still has them.
CREATE FUNCTION ledger.claim_gift(
    p_payment uuid, p_gift_event uuid, p_buyer bigint, p_creator bigint, p_tokens bigint, p_each bigint, p_state text,
    p_cause text
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    origin CONSTANT bigint := earnings_of(p_gift_event, p_creator);
    aside CONSTANT bigint := account_id(p_creator, creator_contested());
    debt CONSTANT bigint := account_id(p_buyer, user_debt());
    there CONSTANT bigint := (SELECT coalesce(sum(posted), 0) FROM balance WHERE account = origin);
    made claim;
BEGIN
    INSERT INTO claim (payment_id, gift_event_id, buyer, creator, tokens, share, fee, state, cause)
    VALUES (p_payment, p_gift_event, p_buyer, p_creator, p_tokens, least(p_tokens * p_each, there),
            p_tokens * (100 - p_each), p_state, p_cause)
    RETURNING * INTO made;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT made.id, 0, nextval('posting'), 'contest', origin, aside, made.share WHERE made.share > 0;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT made.id, leg, nextval('posting'), 'clawback', giver, debt, amount
    FROM (VALUES (1, aside, made.share), (2, platform_fee()::bigint, made.fee)) legs (leg, giver, amount)
    WHERE p_state = 'taken' AND amount > 0;
END$$;

-- Gives back what one claim took, to where the gift's earnings would be by now.
CREATE FUNCTION ledger.release_claim(p_claim ledger.claim, p_cause text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    aside CONSTANT bigint := account_id(p_claim.creator, creator_contested());
    debt CONSTANT bigint := account_id(p_claim.buyer, user_debt());
    this_txn CONSTANT uuid := uuidv7();
BEGIN
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT this_txn, leg, nextval('posting'), 'clawback_return', debt, taker, amount
    FROM (VALUES (0, aside, p_claim.share), (1, platform_fee()::bigint, p_claim.fee)) legs (leg, taker, amount)
    WHERE p_claim.state = 'taken' AND amount > 0;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT this_txn, 2, nextval('posting'), 'contest_release', aside,
           earnings_of(p_claim.gift_event_id, p_claim.creator), p_claim.share
    WHERE p_claim.share > 0;
    UPDATE claim SET state = 'released', cause = p_cause, released = this_txn WHERE id = p_claim.id;
END$$;

CREATE FUNCTION ledger.release_claims(p_payment uuid, p_cause text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
BEGIN
    PERFORM release_claim(c, p_cause) FROM claim c JOIN payments p ON p.id = p_payment JOIN users u ON u.id = p.user_id
    WHERE c.buyer = u.number AND c.payment_id = p_payment AND c.state <> 'released';
    UPDATE contest SET taken = 0, held = 0 WHERE payment_id = p_payment;
END$$;

-- Claims gifts for a payment: the newest first of those that its buyer sent since it was paid.
CREATE FUNCTION ledger.claim_gifts(
    p_payment uuid, p_buyer uuid, p_since timestamptz, p_taken bigint, p_held bigint, p_cause text
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    who CONSTANT bigint := (SELECT number FROM users WHERE id = p_buyer);
    to_take bigint := (SELECT least(p_taken, coalesce(-sum(posted), 0) / 100) FROM balance
                       WHERE account = account_id(who, user_debt()));
    to_hold bigint := p_held;
    part bigint;
    g record;
BEGIN
    FOR g IN
        SELECT e.id, u.number AS creator, earned.amount / e.paid AS each, e.paid - coalesce(
                   (SELECT sum(tokens) FROM claim WHERE gift_event_id = e.id AND state <> 'released'), 0)::bigint AS free
        FROM gift_events e JOIN users u ON u.id = e.to_creator_id
        JOIN transfer earned ON earned.txn = e.id AND earned.credit = account_id(u.number, creator_earnings())
        WHERE e.from_user_id = p_buyer AND e.paid > 0 AND e.state <> 'refunded' AND e.created_at >= p_since
        ORDER BY e.created_at DESC, e.id DESC
    LOOP
        EXIT WHEN to_take + to_hold = 0;
        part := least(g.free, to_take);
        IF part > 0 THEN
            PERFORM claim_gift(p_payment, g.id, who, g.creator, part, g.each, 'taken', p_cause);
            to_take := to_take - part;
        END IF;
        part := least(g.free - part, to_hold);
        IF part > 0 THEN
            PERFORM claim_gift(p_payment, g.id, who, g.creator, part, g.each, 'held', p_cause);
            to_hold := to_hold - part;
        END IF;
    END LOOP;
END$$;

-- Makes the claims of all payments of a buyer what their disputes want: as many tokens as were owed when a payment was
-- lost are taken; of those that may still be lost, as many as the wallet does not cover are held.
CREATE FUNCTION ledger.follow_disputes(p_buyer uuid, p_cause text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    covered CONSTANT bigint := (SELECT paid / 100 FROM ledger.wallet WHERE user_id = p_buyer);
    changed boolean;
    p record;
BEGIN
    WITH disputed AS (
        SELECT o.id, least(o.credited, o.tokens * coalesce((
                   SELECT sum(amount_minor) FROM payment_disputes d
                   WHERE d.payment_intent = o.payment_intent AND opened AND NOT won AND NOT lost), 0)::bigint
               / o.price_minor) AS tokens
        FROM payments o WHERE o.user_id = p_buyer
    ), wanted AS (  -- the wallet covers the oldest payments first
        SELECT id, greatest(least(sum(tokens) OVER (ORDER BY id) - covered, tokens), 0) AS held FROM disputed
    ), updated AS (
        UPDATE contest c SET taken = c.owed, held = w.held FROM wanted w
        WHERE c.payment_id = w.id AND (c.taken, c.held) <> (c.owed, w.held) RETURNING 1
    )
    SELECT count(*) > 0 INTO changed FROM updated;
    IF changed THEN
        PERFORM release_claim(c, p_cause) FROM (
            SELECT c AS c FROM claim c JOIN users u ON u.number = c.buyer
            WHERE u.id = p_buyer AND c.state <> 'released' ORDER BY c.id) live;
        FOR p IN SELECT o.id, o.paid_at, c.taken, c.held FROM contest c JOIN payments o ON o.id = c.payment_id
                 WHERE o.user_id = p_buyer ORDER BY o.id LOOP
            PERFORM claim_gifts(p.id, p_buyer, p.paid_at, p.taken, p.held, p_cause);
        END LOOP;
    END IF;
END$$;

-- A buyer wants the money of unspent tokens back; one wish at a time. They wait apart from the wallet for Stripe's word.
CREATE TABLE payment_refunds (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    payment_id uuid NOT NULL REFERENCES payments,
    tokens     bigint NOT NULL CHECK (tokens > 0),
    minor      bigint NOT NULL CHECK (minor > 0),  -- what goes back now
    until      bigint NOT NULL CHECK (until >= minor),  -- what will have gone back in all then
    state      text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'refunded', 'refused')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX one_refund_at_a_time ON payment_refunds (payment_id) WHERE state = 'asked';

-- `outcome`: `asked`, `asked_before`, or why not: `unknown`, `not_credited`, `too_late`, `wallet_locked`, `spent`.
CREATE TYPE ledger.refund_wish AS (
    outcome text, refund_id uuid, payment_intent text, tokens bigint, minor bigint, currency text);

-- The tokens of a purchase that are still there, as money: never more than their share of what was paid.
CREATE FUNCTION ledger.ask_refund(p_payment uuid, p_user uuid, p_within interval) RETURNS ledger.refund_wish
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    p payments;
    r payment_refunds;
    w record;
    unspent bigint;
    refunded bigint;
    total bigint;
    refusal text;
BEGIN
    SELECT * INTO p FROM payments WHERE id = p_payment AND user_id = p_user FOR UPDATE;
    IF NOT FOUND THEN
        RETURN ('unknown', NULL, NULL, NULL, NULL, NULL)::refund_wish;
    END IF;
    SELECT * INTO r FROM payment_refunds WHERE payment_id = p.id AND state = 'asked';
    IF FOUND THEN
        RETURN ('asked_before', r.id, p.payment_intent, r.tokens, r.minor, p.currency)::refund_wish;
    END IF;
    PERFORM FROM balance b JOIN users u ON u.id = p_user
    WHERE b.account IN (account_id(u.number, user_paid()), account_id(u.number, user_bonus())) AND stripe = 0
    ORDER BY b.account FOR NO KEY UPDATE OF b;
    SELECT number, paid / 100 AS paid, locked_for INTO w FROM ledger.wallet JOIN users ON id = user_id
    WHERE user_id = p_user;
    SELECT refunded_minor INTO refunded FROM payment_facts WHERE payment_intent = p.payment_intent;
    unspent := least(p.credited, w.paid);
    total := p.price_minor - ceil((p.credited - unspent) * p.price_minor / p.tokens::numeric)::bigint;
    refusal := CASE WHEN p.state <> 'credited' THEN 'not_credited'
                    WHEN p.paid_at < clock_timestamp() - p_within THEN 'too_late'
                    WHEN w.locked_for IS NOT NULL THEN 'wallet_locked'
                    WHEN unspent = 0 OR total <= refunded THEN 'spent' END;
    IF refusal IS NOT NULL THEN
        RETURN (refusal, NULL, p.payment_intent, unspent, 0, p.currency)::refund_wish;
    END IF;
    INSERT INTO payment_refunds (payment_id, tokens, minor, until) VALUES (p.id, unspent, total - refunded, total)
    RETURNING * INTO r;
    INSERT INTO account (id) VALUES (account_id(w.number, user_refunding())) ON CONFLICT DO NOTHING;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    VALUES (r.id, 0, nextval('posting'), 'refund_hold', account_id(w.number, user_paid()),
            account_id(w.number, user_refunding()), unspent * 100);
    RETURN ('asked', r.id, p.payment_intent, r.tokens, r.minor, p.currency)::refund_wish;
END$$;

-- Puts the tokens that wait into the wallet again, and says how the wish ended; whether it was open.
CREATE FUNCTION ledger.end_refund(p_refund uuid, p_state text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    owner bigint;
    waiting bigint;
BEGIN
    PERFORM FROM payments WHERE id = (SELECT payment_id FROM payment_refunds WHERE id = p_refund) FOR UPDATE;
    UPDATE payment_refunds r SET state = p_state FROM payments p JOIN users u ON u.id = p.user_id
    WHERE r.id = p_refund AND r.state = 'asked' AND p.id = r.payment_id
    RETURNING u.number, r.tokens * 100 INTO owner, waiting;
    IF FOUND THEN
        INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
        VALUES (uuidv7(), 0, nextval('posting'), 'refund_void', account_id(owner, user_refunding()),
                account_id(owner, user_paid()), waiting);
    END IF;
    RETURN FOUND;
END$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT SELECT ON payment_refunds, ledger.contest, ledger.claim TO ledger_client;
GRANT EXECUTE ON FUNCTION
    ledger.creator_contested(), ledger.user_refunding(), ledger.creator_in_payout(),
    ledger.ask_refund(uuid, uuid, interval), ledger.end_refund(uuid, text)
TO ledger_client;

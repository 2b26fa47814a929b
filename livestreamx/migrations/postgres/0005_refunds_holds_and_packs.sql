-- Gifts taken back, earnings that mature, tokens on hold, and exclusive packs with what people own of them.

-- refunds: one a gift at most

CREATE TABLE gift_refunds (
    gift_event_id uuid PRIMARY KEY REFERENCES gift_events,
    txn           uuid NOT NULL UNIQUE,  -- its transfers
    actor_id      uuid,                  -- NULL is the platform itself
    reason        text NOT NULL CHECK (length(reason) BETWEEN 1 AND 300),
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gift_refunds
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- What was sent stays as it was sent. `tokens` is generated, and not known yet before an update: it follows the others.
CREATE OR REPLACE FUNCTION gift_event_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('charged', 'delivered'), ('charged', 'refunded'), ('delivered', 'refunded'))
        OR to_jsonb(OLD) - '{state,tokens}'::text[] <> to_jsonb(NEW) - '{state,tokens}'::text[]
    THEN
        RAISE EXCEPTION 'a gift that was sent only moves charged -> delivered -> refunded' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;

-- Up to when a creator's gifts have matured: what they earned since is pending. Its lock puts refunds and maturing of
-- one creator in a row.
CREATE TABLE ledger.maturity (
    creator bigint PRIMARY KEY REFERENCES users (number),
    until   timestamptz NOT NULL
);

CREATE FUNCTION ledger.lock_maturity(p_creator bigint) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    known timestamptz;
BEGIN
    INSERT INTO maturity (creator, until) VALUES (p_creator, '-infinity') ON CONFLICT DO NOTHING;
    SELECT until INTO known FROM maturity WHERE creator = p_creator FOR UPDATE;
    RETURN known;
END$$;

-- The `gift.refunded` event as bytes; its fields are those of `GiftRefunded` in livestreamx/events.py.
CREATE FUNCTION ledger.gift_refunded(event_id uuid, e gift_events, r gift_refunds) RETURNS bytea
LANGUAGE sql STABLE RETURN convert_to(json_build_object(
    'type', 'gift.refunded', 'event_id', event_id,
    'occurred_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'stream_id', e.stream_id, 'creator_id', e.to_creator_id, 'user_id', e.from_user_id,
    'anon_id', NULL, 'session_id', NULL,
    'gift_event_id', e.id, 'code', e.gift_code, 'qty', e.qty,
    'tokens', e.tokens, 'paid', e.paid, 'bonus', e.bonus,
    'sent_at', to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'reason', r.reason
)::text, 'UTF8');

-- `outcome` is `refunded`, `refunded_before` or `unknown_gift_event`; balances of the sender in whole tokens.
CREATE TYPE ledger.refund_outcome AS (
    outcome text, user_id uuid, stream_id uuid, tokens bigint, paid_left bigint, bonus_left bigint);

-- Takes a gift back: every leg the other way, once. Earnings come out of where they are now: pending, or available, or,
-- when they were paid out, they become the creator's debt.
CREATE FUNCTION ledger.refund_gift(
    p_gift_event uuid, p_txn uuid, p_event uuid, p_actor uuid, p_reason text, p_request text
) RETURNS ledger.refund_outcome LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    e gift_events;
    r gift_refunds;
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

-- holds: tokens set aside for a creator, then posted as a gift's or voided, whichever comes first

CREATE TABLE ledger.hold (
    id         uuid PRIMARY KEY,  -- the `txn` that sets the tokens aside
    holder     bigint NOT NULL REFERENCES users (number),
    creator    bigint NOT NULL REFERENCES users (number),
    paid       bigint NOT NULL CHECK (paid >= 0),
    bonus      bigint NOT NULL CHECK (bonus >= 0),
    reason     text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (paid + bonus > 0 AND holder <> creator)
);
CREATE TABLE ledger.hold_end (  -- its key lets a hold end once
    id  uuid PRIMARY KEY REFERENCES ledger.hold,
    txn uuid NOT NULL UNIQUE,
    how text NOT NULL CHECK (how IN ('posted', 'voided')),
    at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.hold
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.hold_end
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE INDEX holds_of_creator ON ledger.hold (creator);

-- `held`, `replayed`, `wallet_locked` or `insufficient`.
CREATE FUNCTION ledger.hold_tokens(p_hold uuid, p_user uuid, p_creator uuid, p_tokens bigint, p_reason text)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    who CONSTANT bigint := (SELECT number FROM users WHERE id = p_user);
    whose CONSTANT bigint := (SELECT number FROM users WHERE id = p_creator);
    from_bonus bigint;
    w record;
BEGIN
    PERFORM FROM balance WHERE account IN (account_id(who, user_paid()), account_id(who, user_bonus())) AND stripe = 0
    ORDER BY account FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM hold WHERE id = p_hold) THEN
        RETURN 'replayed';
    END IF;
    SELECT * INTO w FROM ledger.wallet WHERE user_id = p_user;
    IF w.locked_for IS NOT NULL OR w.paid + w.bonus < p_tokens * 100 THEN
        RETURN CASE WHEN w.locked_for IS NOT NULL THEN 'wallet_locked' ELSE 'insufficient' END;
    END IF;
    from_bonus := least(w.bonus / 100, p_tokens);
    INSERT INTO account (id) VALUES (account_id(who, user_held())), (account_id(who, user_held_bonus()))
    ON CONFLICT DO NOTHING;
    INSERT INTO hold (id, holder, creator, paid, bonus, reason)
    VALUES (p_hold, who, whose, p_tokens - from_bonus, from_bonus, p_reason);
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT p_hold, leg, place, 'hold', account_id(who, wallet), account_id(who, aside), tokens * 100
    FROM nextval('posting') AS place, (VALUES
        (0, user_bonus(), user_held_bonus(), from_bonus), (1, user_paid(), user_held(), p_tokens - from_bonus)
    ) legs (leg, wallet, aside, tokens) WHERE tokens > 0;
    RETURN 'held';
END$$;

-- `posted`, `voided`, or `ended_before`; the split of what is posted is that of a gift.
CREATE FUNCTION ledger.end_hold(p_hold uuid, p_txn uuid, p_how text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    h hold;
    place CONSTANT bigint := nextval('posting');
BEGIN
    SELECT * INTO STRICT h FROM hold WHERE id = p_hold;
    PERFORM FROM balance
    WHERE account IN (account_id(h.holder, user_paid()), account_id(h.holder, user_bonus())) AND stripe = 0
    ORDER BY account FOR NO KEY UPDATE;
    INSERT INTO hold_end (id, txn, how) VALUES (p_hold, p_txn, p_how) ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'ended_before';
    END IF;
    IF p_how = 'voided' THEN
        INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
        SELECT p_txn, leg, place, 'hold_void', credit, debit, amount FROM transfer WHERE txn = p_hold;
        RETURN p_how;
    END IF;
    INSERT INTO account (id)
    VALUES (account_id(h.creator, creator_earnings())), (account_id(h.creator, creator_score())) ON CONFLICT DO NOTHING;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT p_txn, leg, place, 'hold_post',
           account_id(h.holder, CASE WHEN kind_of(debit) = user_paid() THEN user_held() ELSE user_held_bonus() END),
           credit, amount
    FROM gift_legs(h.paid, h.bonus, 30, h.holder, h.creator);
    RETURN p_how;
END$$;

-- Earnings older than the dispute window become available, debts are repaid out of them first; how much, in hundredths.
CREATE FUNCTION ledger.mature_earnings(p_creator uuid, p_txn uuid, p_before timestamptz) RETURNS bigint
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
    SELECT coalesce(sum(t.amount), 0) INTO earned
    FROM (SELECT e.id AS txn FROM streams s JOIN gift_events e ON e.stream_id = s.id
          WHERE s.creator_id = p_creator AND e.created_at > since AND e.created_at <= p_before AND e.state <> 'refunded'
          UNION ALL
          SELECT x.txn FROM hold h JOIN hold_end x USING (id)
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

-- exclusive packs: items for tokens, for a time, as long as there are any

CREATE TABLE exclusive_packs (
    id           uuid PRIMARY KEY DEFAULT uuidv7(),
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    price_tokens bigint NOT NULL CHECK (price_tokens BETWEEN 1 AND 1000000),
    stock        int NOT NULL CONSTRAINT no_oversell CHECK (stock >= 0),
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    CHECK (ends_at > starts_at)
);
CREATE TABLE exclusive_pack_items (
    pack_id uuid NOT NULL REFERENCES exclusive_packs,
    item    text NOT NULL CHECK (item ~ '^[a-z0-9_]{1,40}$'),
    qty     int NOT NULL CHECK (qty > 0),
    PRIMARY KEY (pack_id, item)
);
CREATE TABLE pack_purchases (
    id              uuid PRIMARY KEY,  -- the `txn` that paid it
    pack_id         uuid NOT NULL REFERENCES exclusive_packs,
    user_id         uuid NOT NULL REFERENCES users,
    tokens          bigint NOT NULL CHECK (tokens > 0),
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 128),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (user_id, idempotency_key)
);
CREATE INDEX pack_purchases_of_pack ON pack_purchases (pack_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pack_purchases
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TABLE inventory (
    user_id uuid NOT NULL REFERENCES users,
    item    text NOT NULL,
    qty     int NOT NULL CHECK (qty >= 0),
    PRIMARY KEY (user_id, item)
);

-- `outcome`: `bought`, `replayed`, `key_reused`, `unknown_pack`, `not_on_sale`, `wallet_locked`, `insufficient` or
-- `sold_out`; tokens are whole, balances those of this moment.
CREATE TYPE ledger.purchase_outcome AS (
    outcome text, purchase_id uuid, tokens bigint, paid_left bigint, bonus_left bigint, created_at timestamptz);

-- Buys one pack: money, stock and items together, or nothing. Bonus tokens are spent first.
CREATE FUNCTION ledger.buy_pack(p_purchase uuid, p_user uuid, p_pack uuid, p_key text)
RETURNS ledger.purchase_outcome LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    who CONSTANT bigint := (SELECT number FROM users WHERE id = p_user);
    p exclusive_packs;
    b pack_purchases;
    w record;
    refusal text;
    from_bonus bigint;
BEGIN
    PERFORM FROM balance WHERE account IN (account_id(who, user_paid()), account_id(who, user_bonus())) AND stripe = 0
    ORDER BY account FOR NO KEY UPDATE;
    SELECT paid / 100 AS paid, bonus / 100 AS bonus, locked_for INTO w FROM ledger.wallet WHERE user_id = p_user;
    SELECT * INTO b FROM pack_purchases WHERE user_id = p_user AND idempotency_key = p_key;
    IF FOUND THEN
        refusal := CASE WHEN b.pack_id = p_pack THEN 'replayed' ELSE 'key_reused' END;
        RETURN (refusal, b.id, b.tokens, w.paid, w.bonus, b.created_at)::purchase_outcome;
    END IF;
    SELECT * INTO p FROM exclusive_packs WHERE id = p_pack FOR UPDATE;  -- buyers of one pack wait in a row
    refusal := CASE WHEN p.id IS NULL THEN 'unknown_pack'
                    WHEN clock_timestamp() NOT BETWEEN p.starts_at AND p.ends_at THEN 'not_on_sale'
                    WHEN w.locked_for IS NOT NULL THEN 'wallet_locked'
                    WHEN p.stock = 0 THEN 'sold_out'
                    WHEN w.paid + w.bonus < p.price_tokens THEN 'insufficient' END;
    IF refusal IS NOT NULL THEN
        RETURN (refusal, NULL, p.price_tokens, w.paid, w.bonus, NULL)::purchase_outcome;
    END IF;
    UPDATE exclusive_packs SET stock = stock - 1 WHERE id = p_pack;
    INSERT INTO pack_purchases (id, pack_id, user_id, tokens, idempotency_key)
    VALUES (p_purchase, p_pack, p_user, p.price_tokens, p_key) RETURNING * INTO b;
    from_bonus := least(w.bonus, p.price_tokens);
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT p_purchase, leg, place, 'pack', account_id(who, wallet), taker, tokens * 100
    FROM nextval('posting') AS place, (VALUES
        (0, user_bonus(), bonus_source(), from_bonus), (1, user_paid(), platform_fee(), p.price_tokens - from_bonus)
    ) legs (leg, wallet, taker, tokens) WHERE tokens > 0;
    INSERT INTO inventory AS owned (user_id, item, qty)
    SELECT p_user, item, qty FROM exclusive_pack_items WHERE pack_id = p_pack ORDER BY item
    ON CONFLICT (user_id, item) DO UPDATE SET qty = owned.qty + excluded.qty;
    RETURN ('bought', b.id, b.tokens, w.paid - (p.price_tokens - from_bonus), w.bonus - from_bonus, b.created_at
           )::purchase_outcome;
END$$;

-- More of the audit: every row must say 0.
CREATE VIEW ledger.audit_of_returns AS
WITH refunded AS (
    SELECT e.id, u.number AS sender, paid * 100 AS paid, bonus * 100 AS bonus, r.txn
    FROM (SELECT * FROM gift_events WHERE state = 'refunded') e JOIN users u ON u.id = e.from_user_id
    FULL JOIN gift_refunds r ON r.gift_event_id = e.id
), returned AS (
    SELECT txn, min(credit) >> 8 AS sender,
           coalesce(sum(amount) FILTER (WHERE ledger.kind_of(credit) = ledger.user_paid()), 0) AS paid,
           coalesce(sum(amount) FILTER (WHERE ledger.kind_of(credit) = ledger.user_bonus()), 0) AS bonus
    FROM ledger.transfer WHERE flow = 'gift_refund' GROUP BY txn
)
SELECT 'refunds that differ from their gifts' AS finding, count(*) AS found
FROM refunded FULL JOIN returned USING (txn)
WHERE (refunded.sender, refunded.paid, refunded.bonus) IS DISTINCT FROM (returned.sender, returned.paid, returned.bonus)
UNION ALL
SELECT 'holds that differ from their transfers', count(*)
FROM ledger.hold h LEFT JOIN ledger.hold_end x USING (id)
WHERE (paid + bonus) * 100 <> (SELECT coalesce(sum(amount), 0) FROM ledger.transfer WHERE txn = h.id AND flow = 'hold')
   OR x.id IS NOT NULL AND (paid + bonus) * 100 <> (
       SELECT coalesce(sum(amount), 0) FROM ledger.transfer t WHERE t.txn = x.txn
       AND flow = CASE x.how WHEN 'posted' THEN 'hold_post'::ledger.flow ELSE 'hold_void' END)
UNION ALL
SELECT 'packs that differ from their transfers', count(*)
FROM (SELECT id AS txn, tokens * 100 AS amount FROM pack_purchases) b
FULL JOIN (SELECT txn, sum(amount) AS amount FROM ledger.transfer WHERE flow = 'pack' GROUP BY txn) t USING (txn)
WHERE b.amount IS DISTINCT FROM t.amount;

GRANT SELECT ON gift_refunds, exclusive_packs, exclusive_pack_items, pack_purchases, inventory,
    ledger.maturity, ledger.hold, ledger.hold_end, ledger.audit_of_returns TO ledger_client;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    ledger.refund_gift(uuid, uuid, uuid, uuid, text, text), ledger.hold_tokens(uuid, uuid, uuid, bigint, text),
    ledger.end_hold(uuid, uuid, text), ledger.mature_earnings(uuid, uuid, timestamptz),
    ledger.buy_pack(uuid, uuid, uuid, text)
TO ledger_client;

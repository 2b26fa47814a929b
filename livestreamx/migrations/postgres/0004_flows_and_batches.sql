-- All flows that tokens may take, the accounts they need, and gifts in batches.
--
-- New flows are values of an enum, which may not be used in the transaction that adds them: whatever names them here is
-- plpgsql (read when it first runs), and views and tables that name them come in the next file.

ALTER TYPE ledger.flow ADD VALUE 'promo';        -- bonus tokens for a reason of the house
ALTER TYPE ledger.flow ADD VALUE 'gift_refund';  -- the legs of a gift, backwards
ALTER TYPE ledger.flow ADD VALUE 'mature';       -- earnings that no dispute can reach any more
ALTER TYPE ledger.flow ADD VALUE 'payout';       -- available earnings leave the platform
ALTER TYPE ledger.flow ADD VALUE 'debt_repaid';
ALTER TYPE ledger.flow ADD VALUE 'hold';         -- set aside, then posted or voided
ALTER TYPE ledger.flow ADD VALUE 'hold_post';
ALTER TYPE ledger.flow ADD VALUE 'hold_void';
ALTER TYPE ledger.flow ADD VALUE 'pack';         -- an exclusive pack is bought from the platform

-- A debt is what its owner lacks. It may be negative and is nothing else, so it has the bit of a source, without stripes.
CREATE FUNCTION ledger.creator_available() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN  2;  -- 000 0 0 010
CREATE FUNCTION ledger.user_held()         RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN  3;  -- 000 0 0 011
CREATE FUNCTION ledger.creator_debt()      RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 18;  -- 000 1 0 010
CREATE FUNCTION ledger.user_held_bonus()   RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 35;  -- 001 0 0 011

CREATE OR REPLACE FUNCTION ledger.kind_name(account bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE ledger.kind_of(account)
    WHEN ledger.user_paid()         THEN 'user.paid'
    WHEN ledger.creator_available() THEN 'creator.available'
    WHEN ledger.user_held()         THEN 'user.held'
    WHEN ledger.creator_earnings()  THEN 'creator.earnings'
    WHEN ledger.platform_fee()      THEN 'platform.fee'
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
        WHEN 'debt_repaid' THEN (d, c) = (ledger.creator_available(), ledger.creator_debt())
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

CREATE FUNCTION ledger.is_debt(account bigint) RETURNS boolean IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN RETURN account & 24 = 16; END$$;
ALTER TABLE ledger.balance ADD CONSTRAINT debts_are_owed CHECK (posted <= 0 OR NOT ledger.is_debt(account));

-- Takes what lies on the stripes of hot accounts to row 0, where it can be debited; the sum stays the same.
CREATE FUNCTION ledger.fold(hot bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    WITH taken AS (
        UPDATE balance SET posted = 0 WHERE account = ANY (hot) AND stripe > 0 AND posted <> 0
        RETURNING account, old.posted AS amount)
    UPDATE balance b SET posted = b.posted + t.amount
    FROM (SELECT account, sum(amount)::bigint AS amount FROM taken GROUP BY account) t
    WHERE b.account = t.account AND b.stripe = 0
$$;

-- Lock order: wallets, then creators by account and stripe, the platform last.
CREATE OR REPLACE FUNCTION ledger.post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    own_stripe CONSTANT smallint := pg_backend_pid() % 32 + 1;
    payers int;
    paid int;
    hot bigint[];
    has_debts boolean;
BEGIN
    SELECT array_agg(DISTINCT debit) FILTER (WHERE is_striped(debit) AND NOT is_source(debit)),
           bool_or(is_debt(debit) OR is_debt(credit)) INTO hot, has_debts FROM moves;
    IF hot IS NOT NULL THEN
        PERFORM FROM balance
        WHERE account IN (SELECT debit FROM moves UNION SELECT credit FROM moves)
          AND NOT is_source(account) AND (stripe = 0 OR account = ANY (hot))
        ORDER BY NOT is_wallet(account), account < 256, account, stripe FOR NO KEY UPDATE;
        PERFORM fold(hot);
    END IF;

    UPDATE balance b SET posted = b.posted - d.amount
    FROM (SELECT debit, sum(amount)::bigint AS amount FROM moves WHERE NOT is_source(debit) GROUP BY debit) d
    WHERE b.account = d.debit AND b.stripe = 0;
    GET DIAGNOSTICS paid = ROW_COUNT;
    SELECT count(DISTINCT debit) INTO payers FROM moves WHERE NOT is_source(debit);
    IF paid <> payers THEN
        RAISE EXCEPTION 'a debited account is not open' USING ERRCODE = 'foreign_key_violation';
    END IF;

    INSERT INTO balance AS b (account, stripe, posted)
    SELECT account, CASE WHEN is_striped(account) THEN own_stripe ELSE 0 END, sum(amount)::bigint
    FROM (SELECT credit AS account, amount FROM moves
          UNION ALL SELECT debit, -amount FROM moves WHERE is_source(debit)) legs
    WHERE NOT has_debts OR NOT is_debt(account)
    GROUP BY account ORDER BY NOT is_wallet(account), account < 256, account
    ON CONFLICT (account, stripe) DO UPDATE SET posted = b.posted + EXCLUDED.posted;
    IF has_debts THEN  -- apart, for the row proposed above must keep the constraints too: a repayment alone is no debt
        UPDATE balance b SET posted = b.posted + d.amount
        FROM (SELECT account, sum(amount)::bigint AS amount
              FROM (SELECT credit AS account, amount FROM moves UNION ALL SELECT debit, -amount FROM moves) legs
              WHERE is_debt(account) GROUP BY account) d
        WHERE b.account = d.account AND b.stripe = 0;
        GET DIAGNOSTICS paid = ROW_COUNT;
        IF paid <> (SELECT count(DISTINCT account) FROM (SELECT debit AS account FROM moves
                                                         UNION ALL SELECT credit FROM moves) legs WHERE is_debt(account))
        THEN
            RAISE EXCEPTION 'an account of debts is not open' USING ERRCODE = 'foreign_key_violation';
        END IF;
    END IF;
    RETURN NULL;
END$$;

-- What a gift of so many tokens moves, in hundredths: bonus becomes score, paid is split with the platform.
CREATE FUNCTION ledger.gift_legs(paid bigint, bonus bigint, fee_percent int, sender bigint, creator bigint)
RETURNS TABLE (leg smallint, debit bigint, credit bigint, amount bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM (VALUES
        (0::smallint, ledger.account_id(sender, ledger.user_bonus()),
            ledger.account_id(creator, ledger.creator_score()), bonus * 100),
        (1::smallint, ledger.account_id(sender, ledger.user_paid()),
            ledger.account_id(creator, ledger.creator_earnings()), paid * (100 - fee_percent)),
        (2::smallint, ledger.account_id(sender, ledger.user_paid()), ledger.platform_fee()::bigint, paid * fee_percent)
    ) legs (leg, debit, credit, amount) WHERE amount > 0
$$;

-- A gift of a batch, once it is known what becomes of it; `outcome` is as in `gift_outcome`, or `again`: it depends on
-- how a gift before it in the batch ends, so it has to be asked for by itself.
CREATE TYPE ledger.judged_gift AS (
    place int, outcome text, known_id uuid, cost bigint, paid_left bigint, bonus_left bigint, created_at timestamptz,
    gift_event uuid, event uuid, sender uuid, sender_number bigint, handle text, stream uuid,
    creator uuid, creator_number bigint, code text, qty int, fee_percent int, paid bigint, bonus bigint,
    combo text, combo_count bigint, key text, request text);

-- Judges each gift as `send_gift` would after those before it. The senders' wallets must be locked.
CREATE FUNCTION ledger.judge_gifts(
    p_gift_events uuid[], p_events uuid[], p_senders uuid[], p_handles text[], p_streams uuid[], p_codes text[],
    p_qtys int[], p_combos text[], p_keys text[], p_requests text[]
) RETURNS SETOF ledger.judged_gift LANGUAGE sql VOLATILE SET search_path = ledger, public, pg_temp AS $$
    WITH asked AS (
        SELECT o.*, u.number AS sender_number, row_number() OVER (PARTITION BY o.sender, o.key ORDER BY place) AS asking
        FROM unnest(p_gift_events, p_events, p_senders, p_handles, p_streams, p_codes, p_qtys, p_combos, p_keys,
                    p_requests) WITH ORDINALITY
            AS o (gift_event, event, sender, handle, stream, code, qty, combo, key, request, place)
        LEFT JOIN users u ON u.id = o.sender
    ), looked_up AS (
        SELECT a.*, e.id AS known_id, e.tokens AS known_tokens, e.paid_after, e.bonus_after, e.created_at,
               g.fee_percent, g.token_cost::bigint * a.qty AS price, s.creator_id AS creator, c.number AS creator_number,
               coalesce(paid.posted, 0) / 100 AS held_paid, coalesce(bonus.posted, 0) / 100 AS held_bonus,
               CASE WHEN (e.gift_code, e.stream_id, e.qty, e.combo_id)
                             IS NOT DISTINCT FROM (a.code, a.stream, a.qty, a.combo) THEN 'replayed'
                    WHEN e.id IS NOT NULL THEN 'key_reused'
                    WHEN a.asking > 1 THEN 'again'
                    WHEN g.code IS NULL THEN 'unknown_gift'
                    WHEN c.number IS NULL THEN 'unknown_stream'
                    WHEN s.status <> 'live' THEN 'not_live'
                    WHEN c.number = a.sender_number THEN 'self_gift'
                    WHEN coalesce(paid.locked_for, bonus.locked_for) IS NOT NULL THEN 'wallet_locked'
               END AS objection
        FROM asked a
        LEFT JOIN gift_events e ON e.from_user_id = a.sender AND e.idempotency_key = a.key
        LEFT JOIN balance paid ON paid.account = account_id(a.sender_number, user_paid()) AND paid.stripe = 0
        LEFT JOIN balance bonus ON bonus.account = account_id(a.sender_number, user_bonus()) AND bonus.stripe = 0
        LEFT JOIN gifts g ON g.code = a.code
        LEFT JOIN streams s ON s.id = a.stream AND (s.visibility <> 'private' OR s.creator_id = a.sender)
        LEFT JOIN users c ON c.id = s.creator_id
    ), summed AS (  -- `before` is what the sender's earlier gifts of this batch cost
        SELECT l.*, coalesce(sum(price) FILTER (WHERE objection IS NULL)
                             OVER (PARTITION BY sender ORDER BY place), 0)::bigint
                    - CASE WHEN objection IS NULL THEN price ELSE 0 END AS before
        FROM looked_up l
    ), decided AS (
        SELECT s.*, CASE WHEN objection IN ('replayed', 'again') THEN objection
                         WHEN before > held_paid + held_bonus THEN 'again'
                         WHEN objection IS NOT NULL THEN objection
                         WHEN before + price > held_paid + held_bonus THEN 'insufficient'
                         ELSE 'sent' END AS outcome
        FROM summed s
    ), split AS (
        SELECT d.*, least(held_bonus, before + price) - least(held_bonus, before) AS from_bonus,
               before + CASE WHEN outcome = 'sent' THEN price ELSE 0 END AS spent
        FROM decided d
    )
    SELECT place::int, outcome, CASE WHEN outcome = 'replayed' THEN known_id END,
           CASE outcome WHEN 'replayed' THEN known_tokens WHEN 'key_reused' THEN NULL ELSE price END,
           CASE WHEN outcome = 'replayed' THEN paid_after ELSE held_paid - greatest(spent - held_bonus, 0) END,
           CASE WHEN outcome = 'replayed' THEN bonus_after ELSE greatest(held_bonus - spent, 0) END,
           CASE WHEN outcome = 'replayed' THEN created_at END,
           gift_event, event, sender, sender_number, handle, stream, creator, creator_number, code, qty, fee_percent,
           price - from_bonus, from_bonus, combo,
           CASE WHEN outcome <> 'sent' OR combo IS NULL THEN 1 ELSE
               (SELECT count(*) FROM gift_events c WHERE (c.from_user_id, c.stream_id, c.combo_id, c.gift_code)
                                                      = (sender, stream, combo, code))
               + row_number() OVER (PARTITION BY outcome, sender, stream, combo, code ORDER BY place) END,
           key, request
    FROM split
$$;

-- Sends many gifts in one transaction, each as `send_gift` would, in the order given; one row of outcome for each.
-- Wallets are locked first and in order, so that batches never wait for each other in a circle. The plans are held to
-- the indexes: they are kept for long, and would be those of empty tables otherwise.
CREATE FUNCTION ledger.send_gifts(
    p_gift_events uuid[], p_events uuid[], p_senders uuid[], p_handles text[], p_streams uuid[], p_codes text[],
    p_qtys int[], p_combos text[], p_keys text[], p_requests text[]
) RETURNS SETOF ledger.gift_outcome LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    judged judged_gift[];
    sent judged_gift[];
BEGIN
    PERFORM FROM balance
    WHERE account IN (SELECT account_id(number, kind) FROM users, (VALUES (user_paid()), (user_bonus())) kinds (kind)
                      WHERE id = ANY (p_senders)) AND stripe = 0
    ORDER BY account FOR NO KEY UPDATE;

    SELECT array_agg(j ORDER BY j.place), array_agg(j ORDER BY j.place) FILTER (WHERE j.outcome = 'sent')
    INTO judged, sent
    FROM judge_gifts(p_gift_events, p_events, p_senders, p_handles, p_streams, p_codes, p_qtys, p_combos, p_keys,
                     p_requests) j;

    INSERT INTO account (id)
    SELECT DISTINCT account_id(creator_number, kind)
    FROM unnest(sent), (VALUES (creator_earnings()), (creator_score())) kinds (kind)
    WHERE NOT EXISTS (SELECT FROM account WHERE id = account_id(creator_number, kind)) ORDER BY 1
    ON CONFLICT DO NOTHING;

    INSERT INTO gift_events (id, gift_code, stream_id, from_user_id, to_creator_id, qty, paid, bonus,
                             paid_after, bonus_after, combo_id, combo_count, idempotency_key)
    SELECT gift_event, code, stream, sender, creator, qty, paid, bonus, paid_left, bonus_left, combo, combo_count, key
    FROM unnest(sent);

    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT s.gift_event, l.leg, s.posting, 'gift', l.debit, l.credit, l.amount
    FROM (SELECT *, nextval('posting') AS posting FROM unnest(sent)) s,
        gift_legs(s.paid, s.bonus, s.fee_percent, s.sender_number, s.creator_number) l;

    INSERT INTO outbox (topic, key, payload, request_id)
    SELECT 'economy', s.stream::text, gift_sent(s.event, s.handle, e, g), s.request
    FROM unnest(sent) s JOIN gift_events e ON e.id = s.gift_event JOIN gifts g ON g.code = s.code ORDER BY s.place;

    RETURN QUERY
    SELECT j.outcome, coalesce(j.known_id, e.id), j.cost, j.paid_left, j.bonus_left,
           coalesce(j.created_at, e.created_at)
    FROM unnest(judged) j LEFT JOIN gift_events e ON e.id = j.gift_event AND j.outcome = 'sent' ORDER BY j.place;
END$$;

CREATE OR REPLACE FUNCTION ledger.post_gift(e gift_events, fee_percent int, sender bigint, creator bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    earnings CONSTANT bigint := account_id(creator, creator_earnings());
BEGIN
    IF NOT EXISTS (SELECT FROM account WHERE id = earnings) THEN
        INSERT INTO account (id) VALUES (earnings), (account_id(creator, creator_score())) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT e.id, leg, place, 'gift', debit, credit, amount
    FROM nextval('posting') AS place, gift_legs(e.paid, e.bonus, fee_percent, sender, creator);
END$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    ledger.creator_available(), ledger.user_held(), ledger.creator_debt(), ledger.user_held_bonus(),
    ledger.send_gifts(uuid[], uuid[], uuid[], text[], uuid[], text[], int[], text[], text[], text[])
TO ledger_client;

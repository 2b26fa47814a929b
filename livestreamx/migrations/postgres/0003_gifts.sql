-- The gift catalogue, the gifts that were sent, and sending one: a single function call, a single transaction.

CREATE TABLE gifts (
    code           text PRIMARY KEY CHECK (code ~ '^[A-Z][A-Z0-9_]{0,31}$'),
    name           text NOT NULL,
    token_cost     int NOT NULL CHECK (token_cost BETWEEN 1 AND 1000000),
    fee_percent    int NOT NULL DEFAULT 30 CHECK (fee_percent BETWEEN 0 AND 100),
    rarity         text NOT NULL CHECK (rarity IN ('common', 'rare', 'epic', 'legendary')),
    animation_key  text NOT NULL,
    command_action text CHECK (command_action IN ('overlay.play', 'scene.background', 'scene.filter', 'minigame.start',
                                                  'challenge.progress', 'sound.play', 'tts.say'))
);

-- The id is also the ledger's `txn`. Tokens are whole; the balances after it make a retry's answer the first answer.
-- No foreign keys to the gift, stream and creator: each would lock a row that all gifts of a popular stream share, for
-- a third of the speed. Only `send_gift` writes here, it has read them, and `ledger.audit` looks again.
CREATE TABLE gift_events (
    id              uuid PRIMARY KEY,
    gift_code       text NOT NULL,
    stream_id       uuid NOT NULL,
    from_user_id    uuid NOT NULL REFERENCES users,
    to_creator_id   uuid NOT NULL,
    qty             int NOT NULL CHECK (qty BETWEEN 1 AND 99),
    tokens          bigint NOT NULL GENERATED ALWAYS AS (paid + bonus) STORED CHECK (tokens > 0),
    paid            bigint NOT NULL CHECK (paid >= 0),
    bonus           bigint NOT NULL CHECK (bonus >= 0),
    paid_after      bigint NOT NULL CHECK (paid_after >= 0),
    bonus_after     bigint NOT NULL CHECK (bonus_after >= 0),
    combo_id        text CHECK (length(combo_id) BETWEEN 1 AND 64),
    combo_count     int NOT NULL CHECK (combo_count >= 1),  -- the how many-th gift of its combo, 1 without one
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 128),
    state           text NOT NULL DEFAULT 'charged' CHECK (state IN ('charged', 'delivered', 'refunded')),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (from_user_id <> to_creator_id),
    UNIQUE (from_user_id, idempotency_key)
);
CREATE INDEX gift_events_of_stream ON gift_events (stream_id, id DESC);
CREATE INDEX gift_events_of_combo ON gift_events (from_user_id, stream_id, combo_id) WHERE combo_id IS NOT NULL;

-- What was sent stays as it was sent; only the state moves, and only forward.
CREATE FUNCTION gift_event_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('charged', 'delivered'), ('charged', 'refunded'), ('delivered', 'refunded'))
        OR to_jsonb(OLD) - 'state' <> to_jsonb(NEW) - 'state'
    THEN
        RAISE EXCEPTION 'a gift that was sent only moves charged -> delivered -> refunded' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER moves_forward BEFORE UPDATE ON gift_events FOR EACH ROW EXECUTE FUNCTION gift_event_moves_forward();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON gift_events FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Rows come and go fast; the relay should not walk over many dead ones.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- The `gift.sent` event as bytes; its fields are those of `GiftSent` in livestreamx/events.py (a test compares them).
CREATE FUNCTION ledger.gift_sent(event_id uuid, handle text, e gift_events, g gifts) RETURNS bytea
LANGUAGE sql STABLE RETURN convert_to(json_build_object(
    'type', 'gift.sent', 'event_id', event_id,
    'occurred_at', to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'stream_id', e.stream_id, 'creator_id', e.to_creator_id, 'user_id', e.from_user_id,
    'anon_id', NULL, 'session_id', NULL,
    'gift_event_id', e.id, 'code', g.code, 'name', g.name, 'qty', e.qty,
    'tokens', e.tokens, 'paid', e.paid, 'bonus', e.bonus, 'handle', handle,
    'rarity', g.rarity, 'animation_key', g.animation_key, 'command', g.command_action,
    'combo_id', e.combo_id, 'combo_count', e.combo_count
)::text, 'UTF8');

-- The legs of one gift: bonus becomes score, paid is split between the creator and the platform.
-- A creator's accounts are opened by the first gift.
CREATE FUNCTION ledger.post_gift(e gift_events, fee_percent int, sender bigint, creator bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    from_paid CONSTANT bigint := account_id(sender, user_paid());
    from_bonus CONSTANT bigint := account_id(sender, user_bonus());
    earnings CONSTANT bigint := account_id(creator, creator_earnings());
    score CONSTANT bigint := account_id(creator, creator_score());
    place CONSTANT bigint := nextval('posting');
BEGIN
    IF NOT EXISTS (SELECT FROM account WHERE id = earnings) THEN
        INSERT INTO account (id) VALUES (earnings), (score) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    SELECT e.id, leg, place, 'gift', debit, credit, amount
    FROM (VALUES (0, from_bonus, score, e.bonus * 100),
                 (1, from_paid, earnings, e.paid * (100 - fee_percent)),
                 (2, from_paid, platform_fee(), e.paid * fee_percent)) legs (leg, debit, credit, amount)
    WHERE amount > 0;
END$$;

-- What became of a request to send a gift. `outcome` is `sent`, `replayed`, or why it was refused:
-- `key_reused`, `unknown_gift`, `unknown_stream`, `not_live`, `self_gift`, `wallet_locked`, `insufficient`.
-- `cost` and balances in whole tokens: the balances are those after the gift or, when it was refused, as they are.
CREATE TYPE ledger.gift_outcome AS (
    outcome text, gift_event_id uuid, cost bigint, paid_left bigint, bonus_left bigint, created_at timestamptz);

-- Sends one gift: ledger, gift event and outbox row, or none of them. Bonus tokens are spent first.
CREATE FUNCTION ledger.send_gift(
    p_gift_event uuid, p_event uuid, p_sender uuid, p_handle text, p_stream uuid, p_code text, p_qty int,
    p_combo text, p_key text, p_request text
) RETURNS ledger.gift_outcome LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    e gift_events;
    g gifts;
    sender bigint;
    creator bigint;
    creator_id uuid;
    status text;
    locked text;
    held_paid bigint;
    held_bonus bigint;
    cost bigint;
BEGIN
    SELECT number INTO sender FROM users WHERE id = p_sender;
    -- The lock puts one sender's gifts in a row, so that what follows sees every earlier key and balance.
    SELECT coalesce(sum(posted) FILTER (WHERE kind_of(account) = user_paid()), 0) / 100,
           coalesce(sum(posted) FILTER (WHERE kind_of(account) = user_bonus()), 0) / 100, max(locked_for)
    INTO held_paid, held_bonus, locked
    FROM (SELECT account, posted, locked_for FROM balance
          WHERE account IN (account_id(sender, user_paid()), account_id(sender, user_bonus())) AND stripe = 0
          ORDER BY account FOR NO KEY UPDATE) wallet;

    SELECT * INTO e FROM gift_events WHERE from_user_id = p_sender AND idempotency_key = p_key;
    IF FOUND THEN
        IF (e.gift_code, e.stream_id, e.qty, e.combo_id) IS NOT DISTINCT FROM (p_code, p_stream, p_qty, p_combo) THEN
            RETURN ('replayed', e.id, e.tokens, e.paid_after, e.bonus_after, e.created_at)::gift_outcome;
        END IF;
        RETURN ('key_reused', NULL, NULL, held_paid, held_bonus, NULL)::gift_outcome;
    END IF;

    SELECT * INTO g FROM gifts WHERE code = p_code;
    SELECT s.creator_id, s.status, u.number INTO creator_id, status, creator
    FROM streams s JOIN users u ON u.id = s.creator_id
    WHERE s.id = p_stream AND (s.visibility <> 'private' OR s.creator_id = p_sender);  -- others do not know of it
    cost := g.token_cost::bigint * p_qty;
    IF g.code IS NULL OR creator IS NULL OR status <> 'live' OR creator = sender OR locked IS NOT NULL
        OR held_paid + held_bonus < cost
    THEN
        RETURN (CASE WHEN g.code IS NULL THEN 'unknown_gift' WHEN creator IS NULL THEN 'unknown_stream'
                     WHEN status <> 'live' THEN 'not_live' WHEN creator = sender THEN 'self_gift'
                     WHEN locked IS NOT NULL THEN 'wallet_locked' ELSE 'insufficient' END,
                NULL, cost, held_paid, held_bonus, NULL)::gift_outcome;
    END IF;

    INSERT INTO gift_events (id, gift_code, stream_id, from_user_id, to_creator_id, qty, paid, bonus,
                             paid_after, bonus_after, combo_id, combo_count, idempotency_key)
    SELECT p_gift_event, p_code, p_stream, p_sender, creator_id, p_qty, cost - from_bonus, from_bonus,
           held_paid - (cost - from_bonus), held_bonus - from_bonus, p_combo,
           1 + (SELECT count(*) FROM gift_events c WHERE (c.from_user_id, c.stream_id, c.combo_id, c.gift_code)
                                                       = (p_sender, p_stream, p_combo, p_code)), p_key
    FROM least(held_bonus, cost) AS from_bonus
    RETURNING * INTO e;
    PERFORM post_gift(e, g.fee_percent, sender, creator);
    INSERT INTO outbox (topic, key, payload, request_id)
    VALUES ('economy', p_stream::text, gift_sent(p_event, p_handle, e, g), p_request);
    RETURN ('sent', e.id, e.tokens, e.paid_after, e.bonus_after, e.created_at)::gift_outcome;
END$$;

-- The books in balance: every row must say 0.
CREATE VIEW ledger.audit AS
SELECT 'assets that do not sum to zero' AS finding, count(*) AS found
FROM (SELECT FROM ledger.balance GROUP BY ledger.asset_of(account) HAVING sum(posted) <> 0) off
UNION ALL
SELECT 'balances below zero', count(*) FROM ledger.balance WHERE posted < 0 AND NOT ledger.is_source(account)
UNION ALL
SELECT 'accounts that differ from their transfers', count(*)
FROM (SELECT FROM (SELECT account, posted AS amount FROM ledger.balance
                   UNION ALL SELECT credit, -amount FROM ledger.transfer
                   UNION ALL SELECT debit, amount FROM ledger.transfer) legs
      GROUP BY account HAVING sum(amount) <> 0) off
UNION ALL
SELECT 'gifts that differ from their transfers', count(*)
FROM (SELECT gift_events.id AS txn, sender.number AS sender, creator.number AS creator,
             paid * 100 AS paid, bonus * 100 AS bonus
      FROM gift_events JOIN users sender ON sender.id = from_user_id JOIN users creator ON creator.id = to_creator_id) e
FULL JOIN (SELECT txn, min(debit) >> 8 AS sender, max(credit) >> 8 AS creator,
                  coalesce(sum(amount) FILTER (WHERE ledger.kind_of(debit) = ledger.user_paid()), 0) AS paid,
                  coalesce(sum(amount) FILTER (WHERE ledger.kind_of(debit) = ledger.user_bonus()), 0) AS bonus
           FROM ledger.transfer WHERE flow = 'gift' GROUP BY txn) t USING (txn)
WHERE (e.sender, e.creator, e.paid, e.bonus) IS DISTINCT FROM (t.sender, t.creator, t.paid, t.bonus)
UNION ALL
SELECT 'gifts of no known code or stream', count(*)
FROM gift_events e LEFT JOIN gifts g ON g.code = e.gift_code
LEFT JOIN streams s ON s.id = e.stream_id AND s.creator_id = e.to_creator_id
WHERE g.code IS NULL OR s.id IS NULL;

-- `ledger_client` may read the books and call what the service calls, and nothing else; grant it to the role that the
-- API signs in with where that is not the owner. The role is shared by all databases of a server.
DO $$
BEGIN
    CREATE ROLE ledger_client NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of this server has it already
END$$;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO ledger_client;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO ledger_client;
GRANT SELECT ON gifts, gift_events TO ledger_client;
GRANT EXECUTE ON FUNCTION
    ledger.user_paid(), ledger.creator_earnings(), ledger.platform_fee(), ledger.paid_source(), ledger.user_bonus(),
    ledger.creator_score(), ledger.bonus_source(), ledger.account_id(bigint, int), ledger.kind_of(bigint),
    ledger.kind_name(bigint), ledger.is_wallet(bigint), ledger.asset_of(bigint), ledger.is_source(bigint),
    ledger.is_striped(bigint), ledger.open_wallet(uuid), ledger.grant_tokens(uuid, uuid, ledger.flow, bigint),
    ledger.lock_wallet(uuid, text),
    ledger.send_gift(uuid, uuid, uuid, text, uuid, text, int, text, text, text)
TO ledger_client;

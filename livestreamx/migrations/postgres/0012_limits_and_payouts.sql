-- Limits that people set themselves, and earnings that leave the platform: both kept by the database.

-- limits: how many tokens a wallet spends in a day (1) or a week (7), and a time without spending

CREATE TABLE spend_limits (
    user_id     uuid NOT NULL REFERENCES users,
    days        int NOT NULL CHECK (days IN (1, 7)),
    tokens      bigint CHECK (tokens BETWEEN 0 AND 100000000),  -- NULL is no limit
    next_tokens bigint CHECK (next_tokens BETWEEN 0 AND 100000000),
    next_at     timestamptz,  -- from then on `next_tokens` holds
    PRIMARY KEY (user_id, days),
    CHECK (next_at IS NOT NULL OR next_tokens IS NULL)
);
CREATE TABLE self_exclusions (
    user_id uuid PRIMARY KEY REFERENCES users,
    until   timestamptz NOT NULL
);

CREATE FUNCTION limit_now(l spend_limits) RETURNS bigint LANGUAGE sql STABLE
RETURN CASE WHEN (l).next_at <= clock_timestamp() THEN (l).next_tokens ELSE (l).tokens END;

-- Looser comes a day after it was asked for, whoever writes.
CREATE FUNCTION limit_loosens_slowly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(NEW.tokens, 'infinity'::float8) > coalesce(limit_now(OLD), 'infinity'::float8)
        OR (NEW.next_at IS DISTINCT FROM OLD.next_at OR NEW.next_tokens IS DISTINCT FROM OLD.next_tokens)
            AND NEW.next_at < clock_timestamp() + interval '24 hours' - interval '1 minute'
    THEN
        RAISE EXCEPTION 'a limit is loosened a day after it was asked for' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER loosens_slowly BEFORE UPDATE ON spend_limits FOR EACH ROW EXECUTE FUNCTION limit_loosens_slowly();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON spend_limits FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION exclusion_is_not_shortened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.until < OLD.until AND OLD.until > clock_timestamp() THEN
        RAISE EXCEPTION 'a self-exclusion is not shortened' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER not_shortened BEFORE UPDATE ON self_exclusions
    FOR EACH ROW EXECUTE FUNCTION exclusion_is_not_shortened();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON self_exclusions FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Only the wallets of those who limit themselves are looked at when they pay.
ALTER TABLE ledger.balance ADD COLUMN limited boolean NOT NULL DEFAULT false;

CREATE FUNCTION ledger.mark_limited(p_user uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
    UPDATE balance SET limited = true FROM users u
    WHERE u.id = p_user AND stripe = 0 AND NOT limited
      AND account IN (account_id(u.number, user_paid()), account_id(u.number, user_bonus()))
$$;

-- Stricter at once, looser after a day; asking for the same again changes nothing. NULL is no limit.
CREATE FUNCTION ledger.set_limit(p_user uuid, p_days int, p_tokens bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    l spend_limits;
BEGIN
    PERFORM mark_limited(p_user);
    INSERT INTO spend_limits (user_id, days) VALUES (p_user, p_days) ON CONFLICT DO NOTHING;
    SELECT * INTO l FROM spend_limits WHERE user_id = p_user AND days = p_days FOR UPDATE;
    IF coalesce(p_tokens, 'infinity'::float8) <= coalesce(limit_now(l), 'infinity'::float8) THEN
        UPDATE spend_limits SET tokens = p_tokens, next_tokens = NULL, next_at = NULL
        WHERE user_id = p_user AND days = p_days;
    ELSIF l.next_at IS NULL OR l.next_at <= clock_timestamp() OR l.next_tokens IS DISTINCT FROM p_tokens THEN
        UPDATE spend_limits SET tokens = limit_now(l), next_tokens = p_tokens,
            next_at = clock_timestamp() + interval '24 hours'
        WHERE user_id = p_user AND days = p_days;
    END IF;
END$$;

-- Whether the exclusion is that long now; a shorter one changes nothing.
CREATE FUNCTION ledger.exclude_until(p_user uuid, p_until timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
BEGIN
    PERFORM mark_limited(p_user);
    INSERT INTO self_exclusions AS known (user_id, until) VALUES (p_user, p_until)
    ON CONFLICT (user_id) DO UPDATE SET until = excluded.until
    WHERE known.until <= excluded.until OR known.until <= clock_timestamp();
    RETURN FOUND;
END$$;

-- Refuses by SQLSTATE: LX001 `spend_limit`, LX002 `self_excluded`; the detail is JSON for the owner's eyes.
CREATE FUNCTION ledger.refuse_excluded(p_user uuid) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = ledger, public, pg_temp AS $$
DECLARE
    excluded timestamptz;
BEGIN
    SELECT until INTO excluded FROM self_exclusions WHERE user_id = p_user AND until > clock_timestamp();
    IF FOUND THEN
        RAISE EXCEPTION 'self-excluded' USING ERRCODE = 'LX002', DETAIL = json_build_object('until', excluded)::text;
    END IF;
END$$;

CREATE FUNCTION ledger.keep_limits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    spender uuid;
    latest transfer;
    l record;
BEGIN
    SELECT * INTO latest FROM transfer WHERE debit = NEW.account AND is_wallet(debit) ORDER BY posting DESC LIMIT 1;
    IF latest.flow NOT IN ('gift', 'pack', 'hold') THEN
        RETURN NULL;
    END IF;
    SELECT id INTO spender FROM users WHERE number = NEW.account >> 8;
    PERFORM refuse_excluded(spender);
    FOR l IN SELECT s.days, limit_now(s) AS tokens FROM spend_limits s
             WHERE s.user_id = spender AND limit_now(s) IS NOT NULL LOOP
        PERFORM refuse_beyond(NEW.account >> 8, l.days, l.tokens, latest.posting);
    END LOOP;
    RETURN NULL;
END$$;

-- What was taken back counts no more. Room comes back as the oldest spending leaves the window.
CREATE FUNCTION ledger.refuse_beyond(p_spender bigint, p_days int, p_tokens bigint, p_latest bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = ledger, public, pg_temp AS $$
DECLARE
    spent bigint;
    free_at timestamptz;
BEGIN
    WITH spending AS (
        SELECT t.at, t.posting, t.amount, sum(t.amount) OVER (ORDER BY t.posting, t.leg) AS so_far,
               sum(t.amount) OVER () AS total
        FROM transfer t
        WHERE t.debit IN (account_id(p_spender, user_paid()), account_id(p_spender, user_bonus()))
          AND is_wallet(t.debit) AND t.flow IN ('gift', 'pack', 'hold')
          AND t.at > clock_timestamp() - make_interval(days => p_days)
          AND NOT EXISTS (SELECT FROM gift_refunds r WHERE r.gift_event_id = t.txn)
          AND NOT EXISTS (SELECT FROM hold_end h WHERE h.id = t.txn AND h.how = 'voided')
    )
    SELECT coalesce(max(total), 0) / 100,
           min(at) FILTER (WHERE so_far >= total - p_tokens * 100 AND posting < p_latest)
    INTO spent, free_at FROM spending;
    IF spent > p_tokens THEN
        RAISE EXCEPTION 'beyond the spend limit' USING ERRCODE = 'LX001', DETAIL = json_build_object(
            'days', p_days, 'limit', p_tokens, 'spent', spent,
            'freeAt', free_at + make_interval(days => p_days))::text;
    END IF;
END$$;
CREATE TRIGGER keep_limits AFTER UPDATE OF posted ON ledger.balance
    FOR EACH ROW WHEN (NEW.limited AND NEW.posted < OLD.posted) EXECUTE FUNCTION ledger.keep_limits();

-- Buying tokens is bounded alike: what was paid for counts.
CREATE FUNCTION keep_limits_of_purchases() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    l record;
    bought bigint;
BEGIN
    PERFORM ledger.refuse_excluded(NEW.user_id);
    FOR l IN SELECT s.days, limit_now(s) AS tokens FROM spend_limits s
             WHERE s.user_id = NEW.user_id AND limit_now(s) IS NOT NULL LOOP
        SELECT coalesce(sum(p.tokens), 0) INTO bought FROM payments p
        WHERE p.user_id = NEW.user_id AND p.state IN ('paid', 'credited', 'disputed')
          AND p.paid_at > clock_timestamp() - make_interval(days => l.days);
        IF bought + NEW.tokens > l.tokens THEN
            RAISE EXCEPTION 'beyond the spend limit' USING ERRCODE = 'LX001', DETAIL = json_build_object(
                'days', l.days, 'limit', l.tokens, 'spent', bought + NEW.tokens)::text;
        END IF;
    END LOOP;
    RETURN NEW;
END$$;
CREATE TRIGGER keep_limits BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION keep_limits_of_purchases();

-- As before; who has limits is asked for alone, so that their refusal is nobody else's.
CREATE OR REPLACE FUNCTION ledger.judge_gifts(
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
                    WHEN a.asking > 1 OR paid.limited THEN 'again'
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

-- payouts: available earnings leave, once an admin has agreed and while the books are in order

CREATE TABLE reconciliations (
    id       uuid PRIMARY KEY DEFAULT uuidv7(),
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    findings int NOT NULL CHECK (findings >= 0),
    report   text NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliations
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TABLE payouts (
    id              uuid PRIMARY KEY DEFAULT uuidv7(),  -- the `txn` that set the earnings aside
    creator_id      uuid NOT NULL REFERENCES users,
    amount_minor    bigint NOT NULL CHECK (amount_minor > 0),  -- cents of USD: a token's face is one
    state           text NOT NULL DEFAULT 'requested'
                    CHECK (state IN ('requested', 'review', 'approved', 'processing', 'paid', 'failed', 'rejected')),
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 128),
    ended           uuid,  -- the `txn` that paid or returned them
    requested_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (creator_id, idempotency_key),
    CHECK ((ended IS NOT NULL) = (state IN ('paid', 'failed', 'rejected')))
);
CREATE UNIQUE INDEX one_payout_at_a_time ON payouts (creator_id) WHERE ended IS NULL;
CREATE INDEX payouts_by_state ON payouts (state, id DESC);

CREATE FUNCTION payout_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving CONSTANT text[] := '{state,ended,changed_at}';
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('requested', 'review'), ('requested', 'rejected'), ('review', 'approved'),
            ('review', 'rejected'), ('approved', 'processing'), ('approved', 'rejected'), ('processing', 'paid'),
            ('processing', 'failed'))
        OR to_jsonb(OLD) - moving <> to_jsonb(NEW) - moving
    THEN
        RAISE EXCEPTION 'a payout only moves requested -> review -> approved -> processing -> paid | failed'
            USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER moves_forward BEFORE UPDATE ON payouts FOR EACH ROW EXECUTE FUNCTION payout_moves_forward();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON payouts FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION ledger.books_disagree() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, public, pg_temp
RETURN coalesce((SELECT findings > 0 FROM reconciliations ORDER BY id DESC LIMIT 1), false);

-- `outcome`: `requested`, `replayed`, `key_reused`, `blocked`, `one_at_a_time` or `insufficient`; `available` in cents.
CREATE TYPE ledger.payout_outcome AS (outcome text, payout_id uuid, available bigint);

CREATE FUNCTION ledger.request_payout(p_creator uuid, p_minor bigint, p_key text) RETURNS ledger.payout_outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    owner CONSTANT bigint := (SELECT number FROM users WHERE id = p_creator);
    free CONSTANT bigint := account_id(owner, creator_available());
    aside CONSTANT bigint := account_id(owner, creator_in_payout());
    held bigint;
    known payouts;
    refusal text;
BEGIN
    PERFORM lock_maturity(owner);
    SELECT * INTO known FROM payouts WHERE creator_id = p_creator AND idempotency_key = p_key;
    SELECT coalesce(sum(posted), 0) / 100 INTO held FROM balance WHERE account = free;
    refusal := CASE WHEN known.amount_minor = p_minor THEN 'replayed'
                    WHEN known.id IS NOT NULL THEN 'key_reused'
                    WHEN books_disagree() THEN 'blocked'
                    WHEN EXISTS (SELECT FROM payouts WHERE creator_id = p_creator AND ended IS NULL) THEN 'one_at_a_time'
                    WHEN held < p_minor THEN 'insufficient' END;
    IF refusal IS NOT NULL THEN
        RETURN (refusal, known.id, held)::payout_outcome;
    END IF;
    INSERT INTO account (id) VALUES (aside) ON CONFLICT DO NOTHING;
    INSERT INTO payouts (creator_id, amount_minor, idempotency_key) VALUES (p_creator, p_minor, p_key)
    RETURNING * INTO known;
    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    VALUES (known.id, 0, nextval('posting'), 'payout_hold', free, aside, p_minor * 100);
    RETURN ('requested', known.id, held - p_minor)::payout_outcome;
END$$;

-- `moved`, `unknown`, `stale` (it is not in a state from which it goes there) or `blocked`.
CREATE FUNCTION ledger.move_payout(p_payout uuid, p_state text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    o payouts;
    owner bigint;
    this_txn CONSTANT uuid := uuidv7();
BEGIN
    SELECT * INTO o FROM payouts WHERE id = p_payout FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF p_state IN ('approved', 'processing') AND books_disagree() THEN
        RETURN 'blocked';
    END IF;
    SELECT number INTO owner FROM users WHERE id = o.creator_id;
    BEGIN
        UPDATE payouts SET state = p_state, changed_at = clock_timestamp(),
            ended = CASE WHEN p_state IN ('paid', 'failed', 'rejected') THEN this_txn END
        WHERE id = o.id;
    EXCEPTION WHEN insufficient_privilege THEN
        RETURN 'stale';
    END;
    IF p_state IN ('paid', 'failed', 'rejected') THEN
        INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
        SELECT this_txn, 0, nextval('posting'),
               CASE p_state WHEN 'paid' THEN 'payout' ELSE 'payout_return' END::flow,
               account_id(owner, creator_in_payout()),
               CASE p_state WHEN 'paid' THEN paid_source() ELSE account_id(owner, creator_available()) END,
               o.amount_minor * 100;
    END IF;
    RETURN 'moved';
END$$;

-- Payouts in balance with the ledger: every row must say 0.
CREATE VIEW ledger.audit_of_payouts AS
SELECT 'earnings in payout that differ from the payouts' AS finding, count(*) AS found
FROM (SELECT FROM (SELECT account, posted AS amount FROM ledger.balance
                   WHERE ledger.kind_of(account) = ledger.creator_in_payout()
                   UNION ALL SELECT ledger.account_id(u.number, ledger.creator_in_payout()), -amount_minor * 100
                   FROM payouts JOIN users u ON u.id = creator_id WHERE ended IS NULL) both_sides
      GROUP BY account HAVING sum(amount) <> 0) off
UNION ALL
SELECT 'payouts that differ from their transfers', count(*)
FROM payouts o WHERE amount_minor * 100 <> (SELECT coalesce(sum(amount), 0) FROM ledger.transfer
                                            WHERE txn = o.id AND flow = 'payout_hold')
   OR ended IS NOT NULL AND amount_minor * 100 <> (
       SELECT coalesce(sum(amount), 0) FROM ledger.transfer
       WHERE txn = o.ended AND flow = CASE o.state WHEN 'paid' THEN 'payout'::ledger.flow ELSE 'payout_return' END);

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT SELECT ON spend_limits, self_exclusions, reconciliations, payouts, ledger.audit_of_payouts TO ledger_client;
GRANT INSERT (findings, report) ON reconciliations TO ledger_client;
GRANT EXECUTE ON FUNCTION
    ledger.set_limit(uuid, int, bigint), ledger.exclude_until(uuid, timestamptz), ledger.refuse_excluded(uuid),
    ledger.request_payout(uuid, bigint, text), ledger.move_payout(uuid, text)
TO ledger_client;

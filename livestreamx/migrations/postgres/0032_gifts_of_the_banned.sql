-- Who is banned from a channel gives nothing there: the ledger itself refuses, so that nobody has to ask before.

CREATE OR REPLACE FUNCTION ledger.send_gift(
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
    banned boolean;
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
    SELECT s.creator_id, s.status, u.number,
           EXISTS (SELECT FROM bans_in_force b WHERE b.creator_id = s.creator_id AND b.user_id = p_sender)
    INTO creator_id, status, creator, banned
    FROM streams s JOIN users u ON u.id = s.creator_id
    WHERE s.id = p_stream AND (s.visibility <> 'private' OR s.creator_id = p_sender);  -- others do not know of it
    cost := g.token_cost::bigint * p_qty;
    IF g.code IS NULL OR creator IS NULL OR banned OR status <> 'live' OR creator = sender OR locked IS NOT NULL
        OR held_paid + held_bonus < cost
    THEN
        RETURN (CASE WHEN g.code IS NULL THEN 'unknown_gift' WHEN creator IS NULL THEN 'unknown_stream'
                     WHEN banned THEN 'banned'
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

-- As before, with the same refusal.
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
                    WHEN b.id IS NOT NULL THEN 'banned'
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
        LEFT JOIN bans_in_force b ON b.creator_id = s.creator_id AND b.user_id = a.sender
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

-- Posting a transfer reads the bits of an account in place (16 source, 8 striped; see 0002): a function call for each
-- row and rule cost a fifth of a batch of gifts.

CREATE OR REPLACE FUNCTION ledger.post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    own_stripe CONSTANT smallint := pg_backend_pid() % 32 + 1;
    hot bigint[];
    has_sources boolean;
    has_debts boolean;
    payers int;
    paid int;
BEGIN
    SELECT array_agg(DISTINCT debit) FILTER (WHERE debit & 24 = 8), bool_or(debit & 16 <> 0),
           bool_or(debit & 24 = 16 OR credit & 24 = 16), count(DISTINCT debit) FILTER (WHERE debit & 16 = 0)
    INTO hot, has_sources, has_debts, payers FROM moves;
    IF hot IS NOT NULL THEN  -- lock order: wallets, then creators by account and stripe, the platform last
        PERFORM FROM balance
        WHERE account IN (SELECT debit FROM moves UNION SELECT credit FROM moves)
          AND account & 16 = 0 AND (stripe = 0 OR account = ANY (hot))
        ORDER BY NOT is_wallet(account), account < 256, account, stripe FOR NO KEY UPDATE;
        PERFORM fold(hot);
    END IF;

    UPDATE balance b SET posted = b.posted - d.amount
    FROM (SELECT debit, sum(amount)::bigint AS amount FROM moves WHERE debit & 16 = 0 GROUP BY debit) d
    WHERE b.account = d.debit AND b.stripe = 0;
    GET DIAGNOSTICS paid = ROW_COUNT;
    IF paid <> payers THEN
        RAISE EXCEPTION 'a debited account is not open' USING ERRCODE = 'foreign_key_violation';
    END IF;

    INSERT INTO balance AS b (account, stripe, posted)
    SELECT account, CASE WHEN account & 8 <> 0 THEN own_stripe ELSE 0 END, sum(amount)::bigint
    FROM (SELECT credit AS account, amount FROM moves
          UNION ALL SELECT debit, -amount FROM moves WHERE has_sources AND debit & 16 <> 0) legs
    WHERE NOT has_debts OR account & 24 <> 16
    GROUP BY account ORDER BY NOT is_wallet(account), account < 256, account
    ON CONFLICT (account, stripe) DO UPDATE SET posted = b.posted + EXCLUDED.posted;
    IF has_debts THEN  -- apart, for the row proposed above must keep the constraints too: a repayment alone is no debt
        UPDATE balance b SET posted = b.posted + d.amount
        FROM (SELECT account, sum(amount)::bigint AS amount
              FROM (SELECT credit AS account, amount FROM moves UNION ALL SELECT debit, -amount FROM moves) legs
              WHERE account & 24 = 16 GROUP BY account) d
        WHERE b.account = d.account AND b.stripe = 0;
        GET DIAGNOSTICS paid = ROW_COUNT;
        IF paid <> (SELECT count(DISTINCT account) FROM (SELECT debit AS account FROM moves
                                                         UNION ALL SELECT credit FROM moves) legs
                    WHERE account & 24 = 16)
        THEN
            RAISE EXCEPTION 'an account of debts is not open' USING ERRCODE = 'foreign_key_violation';
        END IF;
    END IF;
    RETURN NULL;
END$$;

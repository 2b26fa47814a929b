-- The ledger: double entry, append-only, in integers. Wrong states cannot be written, whoever writes.
--
-- A transfer takes `amount` from one account (debit) and gives it to another (credit): every row is balanced.
-- Amounts are hundredths of a token, so that a 70/30 split is exact; the API speaks whole tokens.
--
-- An account's id is `owner << 8 | kind`: the owner is users.number (0 is the platform), the kind is one byte that
-- says all the rules that hold for the account, so that a constraint needs no look-up and takes no lock:
--
--   bits 7-5  asset     what is counted; a transfer never changes it (0 paid tokens, 1 bonus tokens)
--   bit  4    source    where an asset comes into being: may be negative, holds minus what all others hold
--   bit  3    striped   hot: credits land on one of 32 balance rows, so that gifts do not wait for one another
--   bits 2-0  number    tells kinds with equal rules apart

CREATE SCHEMA ledger;

-- the kinds of account, by name

CREATE FUNCTION ledger.user_paid()        RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN   1;  -- 000 0 0 001
CREATE FUNCTION ledger.creator_earnings() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN   9;  -- 000 0 1 001
CREATE FUNCTION ledger.platform_fee()     RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN  10;  -- 000 0 1 010
CREATE FUNCTION ledger.paid_source()      RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN  24;  -- 000 1 1 000
CREATE FUNCTION ledger.user_bonus()       RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN  33;  -- 001 0 0 001
CREATE FUNCTION ledger.creator_score()    RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN  41;  -- 001 0 1 001
CREATE FUNCTION ledger.bonus_source()     RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN  56;  -- 001 1 1 000

-- an account and its parts

CREATE FUNCTION ledger.account_id(owner bigint, kind int) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN owner << 8 | kind;

CREATE FUNCTION ledger.kind_of(account bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (account & 255)::int;

CREATE FUNCTION ledger.is_wallet(account bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ledger.kind_of(account) IN (ledger.user_paid(), ledger.user_bonus());

CREATE FUNCTION ledger.kind_name(account bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE ledger.kind_of(account)
    WHEN ledger.user_paid()        THEN 'user.paid'
    WHEN ledger.creator_earnings() THEN 'creator.earnings'
    WHEN ledger.platform_fee()     THEN 'platform.fee'
    WHEN ledger.paid_source()      THEN 'paid.source'
    WHEN ledger.user_bonus()       THEN 'user.bonus'
    WHEN ledger.creator_score()    THEN 'creator.score'
    WHEN ledger.bonus_source()     THEN 'bonus.source'
END;

-- Functions used by constraints are plpgsql: PostgreSQL prepares a constraint's expression anew for each statement,
-- and would inline an SQL function each time; a plpgsql function is compiled once per session.

CREATE FUNCTION ledger.asset_of(account bigint) RETURNS int IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN RETURN (account & 224) >> 5; END$$;

CREATE FUNCTION ledger.is_source(account bigint) RETURNS boolean IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN RETURN account & 16 <> 0; END$$;

CREATE FUNCTION ledger.is_striped(account bigint) RETURNS boolean IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN RETURN account & 8 <> 0; END$$;

-- which flows exist at all: anything else is refused

CREATE TYPE ledger.flow AS ENUM ('signup', 'topup', 'purchase', 'gift');

CREATE FUNCTION ledger.is_legal(flow ledger.flow, debit bigint, credit bigint) RETURNS boolean
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE flow
        WHEN 'signup' THEN
            (ledger.kind_of(debit), ledger.kind_of(credit)) = (ledger.bonus_source(), ledger.user_bonus())
        WHEN 'topup' THEN
            (ledger.kind_of(debit), ledger.kind_of(credit)) = (ledger.bonus_source(), ledger.user_bonus())
        WHEN 'purchase' THEN
            (ledger.kind_of(debit), ledger.kind_of(credit)) = (ledger.paid_source(), ledger.user_paid())
        WHEN 'gift' THEN  -- a bonus token becomes score, never earnings
            (ledger.kind_of(debit), ledger.kind_of(credit)) IN (
                (ledger.user_bonus(), ledger.creator_score()),
                (ledger.user_paid(), ledger.creator_earnings()),
                (ledger.user_paid(), ledger.platform_fee()))
        ELSE false
    END;
END$$;

-- the tables

CREATE TABLE ledger.account (
    id          bigint PRIMARY KEY CHECK (ledger.kind_name(id) IS NOT NULL),
    user_number bigint GENERATED ALWAYS AS (nullif(id >> 8, 0)) STORED REFERENCES users (number),
    opened_at   timestamptz NOT NULL DEFAULT now()
);

-- What an account holds: the sum of its rows. Row 0 is what can be debited, rows 1 to 32 are the stripes of a hot one.
CREATE TABLE ledger.balance (
    account    bigint NOT NULL REFERENCES ledger.account,
    stripe     smallint NOT NULL DEFAULT 0 CHECK (stripe BETWEEN 0 AND 32),
    posted     bigint NOT NULL DEFAULT 0,
    locked_for text,  -- why a wallet may not spend now
    PRIMARY KEY (account, stripe),
    CONSTRAINT no_overdraft CHECK (posted >= 0 OR ledger.is_source(account)),
    CONSTRAINT stripes_where_striped CHECK (stripe = 0 OR ledger.is_striped(account))
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05);

CREATE SEQUENCE ledger.posting CACHE 1;

-- One row is one debit and one credit. All legs of a transaction share `txn` (the key that makes it happen at most
-- once) and `posting`, its place in the order in which wallets moved.
CREATE TABLE ledger.transfer (
    txn     uuid NOT NULL,
    leg     smallint NOT NULL,
    posting bigint NOT NULL,
    flow    ledger.flow NOT NULL,
    debit   bigint NOT NULL,
    credit  bigint NOT NULL,
    amount  bigint NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (txn, leg),
    CONSTRAINT amount_is_positive CHECK (amount > 0),
    CONSTRAINT one_asset CHECK (ledger.asset_of(debit) = ledger.asset_of(credit) AND debit <> credit),
    CONSTRAINT flow_is_legal CHECK (ledger.is_legal(flow, debit, credit))
);
CREATE INDEX transfers_out_of_wallet ON ledger.transfer (debit, posting) WHERE ledger.is_wallet(debit);
CREATE INDEX transfers_into_wallet ON ledger.transfer (credit, posting) WHERE ledger.is_wallet(credit);

-- Inserting transfers is what moves balances; nothing else can.
-- Lock order: wallets that pay, then wallets and creators that receive by account, the platform last.
CREATE FUNCTION ledger.post() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    own_stripe CONSTANT smallint := pg_backend_pid() % 32 + 1;
    payers int;
    paid int;
BEGIN
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
    GROUP BY account ORDER BY account < 256, account
    ON CONFLICT (account, stripe) DO UPDATE SET posted = b.posted + EXCLUDED.posted;
    RETURN NULL;
END$$;
CREATE TRIGGER post AFTER INSERT ON ledger.transfer
    REFERENCING NEW TABLE AS moves FOR EACH STATEMENT EXECUTE FUNCTION ledger.post();

CREATE FUNCTION ledger.start_balance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
    INSERT INTO balance (account) SELECT id FROM opened;
    RETURN NULL;
END$$;
CREATE TRIGGER start_balance AFTER INSERT ON ledger.account
    REFERENCING NEW TABLE AS opened FOR EACH STATEMENT EXECUTE FUNCTION ledger.start_balance();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.transfer
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.account
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Depth 0 is a statement that somebody typed; the triggers above run deeper.
CREATE FUNCTION ledger.refuse_by_hand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% on % by hand is forbidden: post transfers', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END$$;
CREATE TRIGGER moved_by_transfers_only BEFORE INSERT OR DELETE OR TRUNCATE OR UPDATE OF account, stripe, posted
    ON ledger.balance FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger.refuse_by_hand();

-- the platform's own accounts

INSERT INTO ledger.account (id)
VALUES (ledger.platform_fee()), (ledger.paid_source()), (ledger.bonus_source());

-- what the service calls

CREATE FUNCTION ledger.open_wallet(p_user uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
    INSERT INTO account (id)
    SELECT account_id(number, kind) FROM users, (VALUES (user_paid()), (user_bonus())) kinds (kind) WHERE id = p_user
    ON CONFLICT DO NOTHING
$$;

-- Whole tokens into a wallet, at most once per `p_txn`. The outcome is `granted`, `replayed` (this very grant was made
-- before) or `key_reused` (the key made another grant). The user's wallet must be open.
CREATE FUNCTION ledger.grant_tokens(p_txn uuid, p_user uuid, p_flow ledger.flow, p_tokens bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    is_bonus CONSTANT boolean := p_flow <> 'purchase';
    wallet bigint;
    source CONSTANT bigint := CASE WHEN is_bonus THEN bonus_source() ELSE paid_source() END;
BEGIN
    SELECT account_id(number, CASE WHEN is_bonus THEN user_bonus() ELSE user_paid() END) INTO wallet
    FROM users WHERE id = p_user;

    INSERT INTO transfer (txn, leg, posting, flow, debit, credit, amount)
    VALUES (p_txn, 0, nextval('posting'), p_flow, source, wallet, p_tokens * 100)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN 'granted';
    END IF;
    RETURN CASE WHEN EXISTS (
        SELECT FROM transfer
        WHERE txn = p_txn AND leg = 0 AND flow = p_flow AND credit = wallet AND amount = p_tokens * 100
    ) THEN 'replayed' ELSE 'key_reused' END;
END$$;

-- A locked wallet receives but does not spend. NULL unlocks.
CREATE FUNCTION ledger.lock_wallet(p_user uuid, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
    UPDATE balance SET locked_for = p_reason FROM users
    WHERE users.id = p_user AND stripe = 0
      AND account IN (account_id(number, user_paid()), account_id(number, user_bonus()))
$$;

-- Each user's two buckets, in hundredths.
CREATE VIEW ledger.wallet AS
SELECT u.id AS user_id, coalesce(paid.posted, 0) AS paid, coalesce(bonus.posted, 0) AS bonus,
       coalesce(paid.locked_for, bonus.locked_for) AS locked_for
FROM users u
LEFT JOIN ledger.balance paid ON paid.account = ledger.account_id(u.number, ledger.user_paid()) AND paid.stripe = 0
LEFT JOIN ledger.balance bonus ON bonus.account = ledger.account_id(u.number, ledger.user_bonus()) AND bonus.stripe = 0;

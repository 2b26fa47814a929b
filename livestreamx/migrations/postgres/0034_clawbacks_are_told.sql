-- What lost disputes take of gifts, and give back, is told as an event of each gift: boards, experience and history follow.

-- Paid tokens of a gift that were taken back (> 0) or put back (< 0); the id is its event's.
CREATE TABLE ledger.clawback (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),
    gift_event_id uuid NOT NULL,
    tokens        bigint NOT NULL CHECK (tokens <> 0),
    at            timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX clawbacks_of_gift ON ledger.clawback (gift_event_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.clawback
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The `gift.clawback` event as bytes; its fields are those of `GiftClawback` in livestreamx/events.
CREATE FUNCTION ledger.gift_clawback(e gift_events, c ledger.clawback) RETURNS bytea
LANGUAGE sql STABLE RETURN convert_to(json_build_object(
    'type', 'gift.clawback', 'event_id', c.id,
    'occurred_at', to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'stream_id', e.stream_id, 'creator_id', e.to_creator_id, 'user_id', e.from_user_id,
    'anon_id', NULL, 'session_id', NULL,
    'gift_event_id', e.id, 'code', e.gift_code,
    'tokens', abs(c.tokens), 'change', CASE WHEN c.tokens > 0 THEN 'taken' ELSE 'put_back' END,
    'sent_at', to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
)::text, 'UTF8');

-- Desired minus told, once all claims of a transaction have moved: they are released and made anew, which alone is no
-- news. One event a gift; whoever moves claims need not think of it.
CREATE FUNCTION ledger.tell_clawback() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, public, pg_temp AS $$
DECLARE
    taken CONSTANT bigint := (SELECT coalesce(sum(tokens), 0) FROM claim
                              WHERE gift_event_id = NEW.gift_event_id AND state = 'taken');
    told CONSTANT bigint := (SELECT coalesce(sum(tokens), 0) FROM clawback WHERE gift_event_id = NEW.gift_event_id);
    e gift_events;
    c clawback;
BEGIN
    IF taken <> told THEN
        SELECT * INTO STRICT e FROM gift_events WHERE id = NEW.gift_event_id;
        INSERT INTO clawback (gift_event_id, tokens) VALUES (e.id, taken - told) RETURNING * INTO c;
        INSERT INTO outbox (topic, key, payload) VALUES ('economy', e.stream_id::text, gift_clawback(e, c));
    END IF;
    RETURN NULL;
END$$;
CREATE CONSTRAINT TRIGGER clawbacks_are_told AFTER INSERT OR UPDATE ON ledger.claim
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.tell_clawback();

-- What was lost before now is told now.
DO $$
DECLARE
    taken record;
    e gift_events;
    c ledger.clawback;
BEGIN
    FOR taken IN SELECT gift_event_id, sum(tokens)::bigint AS tokens FROM ledger.claim WHERE state = 'taken'
                 GROUP BY 1 ORDER BY 1 LOOP
        SELECT * INTO STRICT e FROM gift_events WHERE id = taken.gift_event_id;
        INSERT INTO ledger.clawback (gift_event_id, tokens) VALUES (e.id, taken.tokens) RETURNING * INTO c;
        INSERT INTO outbox (topic, key, payload) VALUES ('economy', e.stream_id::text, ledger.gift_clawback(e, c));
    END LOOP;
END$$;

-- Every row must say 0.
CREATE VIEW ledger.audit_of_clawbacks AS
SELECT 'clawbacks that differ from the claims that were taken' AS finding, count(*) AS found
FROM (SELECT FROM (SELECT gift_event_id, tokens FROM ledger.clawback
                   UNION ALL SELECT gift_event_id, -tokens FROM ledger.claim WHERE state = 'taken') both_sides
      GROUP BY gift_event_id HAVING sum(tokens) <> 0) off;

REVOKE ALL ON FUNCTION ledger.gift_clawback(gift_events, ledger.clawback), ledger.tell_clawback() FROM PUBLIC;
GRANT SELECT ON ledger.clawback, ledger.audit_of_clawbacks TO ledger_client;

-- Gifts of subscriptions move by their money and by whom they reached; and who does not want to be given any.

CREATE FUNCTION subscription_gift_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.giver_id, OLD.creator_id, OLD.recipient_id, OLD.tier, OLD.qty, OLD.price_minor, OLD.currency)
        IS DISTINCT FROM
        (NEW.giver_id, NEW.creator_id, NEW.recipient_id, NEW.tier, NEW.qty, NEW.price_minor, NEW.currency)
        OR NEW.given < OLD.given OR NEW.given > OLD.given AND OLD.state <> 'paid'
    THEN
        RAISE EXCEPTION 'a gift stays what was ordered, and only a paid one is given out' USING ERRCODE = '42501';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('created', 'failed'), ('created', 'paid'), ('failed', 'paid'), ('paid', 'given'), ('paid', 'refunded'),
        ('given', 'refunded'), ('refunded', 'paid'), ('refunded', 'given'))
    THEN
        RAISE EXCEPTION 'a gift that is % cannot become %', OLD.state, NEW.state USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END$$;
CREATE TRIGGER moves_on BEFORE UPDATE ON subscription_gifts
    FOR EACH ROW EXECUTE FUNCTION subscription_gift_moves_on();

CREATE TABLE gift_refusals (
    user_id    uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, DELETE ON gift_refusals TO ledger_client;

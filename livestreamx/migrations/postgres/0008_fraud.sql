-- Flags of abuse: what an admin should look at.

CREATE TABLE fraud_flags (
    id          uuid PRIMARY KEY DEFAULT uuidv7(),
    kind        text NOT NULL CHECK (kind IN ('velocity', 'shared_card', 'gift_ring', 'dispute', 'amount_mismatch',
                                              'second_payment')),
    user_id     uuid NOT NULL REFERENCES users,
    subject     text NOT NULL,  -- the payment, card or person that it is about
    evidence    jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamptz,
    resolved_by uuid REFERENCES users,
    note        text CHECK (length(note) <= 500),
    CHECK ((resolved_at IS NULL) = (resolved_by IS NULL))
);
CREATE UNIQUE INDEX one_open_flag ON fraud_flags (kind, user_id, subject) WHERE resolved_at IS NULL;
CREATE INDEX fraud_flags_by_state ON fraud_flags ((resolved_at IS NULL), id DESC);

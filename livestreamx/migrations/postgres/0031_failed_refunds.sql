-- A refund that failed after all: the buyer's bank did not take the money, so an admin has to see to it.
ALTER TABLE fraud_flags DROP CONSTRAINT fraud_flags_kind_check;
ALTER TABLE fraud_flags ADD CONSTRAINT fraud_flags_kind_check CHECK (
    kind IN ('velocity', 'shared_card', 'gift_ring', 'dispute', 'amount_mismatch', 'second_payment', 'refund_failed'));

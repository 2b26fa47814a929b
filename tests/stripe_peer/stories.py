"""What can happen to one payment at Stripe, as the events it sends, and what the buyer must have in the end."""

import random
from typing import NamedTuple

from domain.payments.model import Pack
from tests.stripe_peer import events

Sent = list[bytes]


class Story(NamedTuple):
    """Events in the order in which they happened; `tokens` and `locks` are what must hold once all have come."""

    sent: Sent
    tokens: int
    locks: bool
    state: str


def tell(payment_id: str, intent: str, pack: Pack, chance: random.Random) -> Story:
    """One payment's life, by chance: paid at once or late or never, refunded in part or whole, disputed, won, lost."""
    price, sent = pack.price_minor, []

    def happens(kind: str, about: events.Object) -> None:
        sent.append(events.make_event(kind, about))

    def session(paid: bool) -> events.Object:
        return events.session(payment_id, intent, price, paid=paid)

    ending = chance.choice(["at once", "at once", "late", "never", "expired"])
    if ending == "expired":
        happens("checkout.session.expired", events.session(payment_id, None, price, paid=False))
        return Story(sent, 0, False, "failed")
    if ending == "at once":
        happens("checkout.session.completed", session(paid=True))
    else:
        happens("checkout.session.completed", session(paid=False))
        kind = "async_payment_succeeded" if ending == "late" else "async_payment_failed"
        happens(f"checkout.session.{kind}", session(paid=ending == "late"))
    if ending == "never":
        return Story(sent, 0, False, "failed")
    happens("charge.succeeded", events.charge(intent, price))

    refunded = lost = 0
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        refunded = chance.randint(refunded + 1, price) if refunded < price else price
        happens("charge.refunded", events.charge(intent, price, refunded=refunded))
    disputed = False
    if refunded == 0 and chance.random() < 0.3:
        happens("charge.dispute.created", events.dispute(intent, price, "needs_response"))
        happens("charge.dispute.funds_withdrawn", events.dispute(intent, price, "needs_response"))
        verdict = chance.choice(["won", "lost", "pending"])
        if verdict != "pending":
            happens("charge.dispute.closed", events.dispute(intent, price, verdict))
        lost, disputed = price if verdict == "lost" else 0, verdict != "won"
    tokens = pack.tokens * (price - refunded - lost) // price
    state = "disputed" if disputed else "credited" if tokens else "refunded"
    return Story(sent, tokens, disputed, state)


def chaos(stories: list[Story], chance: random.Random, deliveries: int) -> Sent:
    """Every event at least once and `deliveries` in all, in no order whatever."""
    once = [event for story in stories for event in story.sent]
    assert len(once) <= deliveries
    delivered = once + chance.choices(once, k=deliveries - len(once))
    chance.shuffle(delivered)
    return delivered

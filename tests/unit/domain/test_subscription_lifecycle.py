"""The state of a subscription is a function of what is known and of the time; and what Stripe's events say of it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments.facts import Unreadable
from domain.subscriptions.facts import GiftFact, InvoiceFact, SubscriptionFact, read_channel_event
from domain.subscriptions.lifecycle import Known, Standing, standing
from domain.subscriptions.model import GRACE, SILENCE
from tests.stripe_peer import events

END = datetime(2026, 11, 1, tzinfo=UTC)
PAID = Known(paid_until=END, was_paid=True)
HOUR = timedelta(hours=1)
OURS = "0197a3c0-d5e1-7c31-8a00-1b2c3d4e5f60"

STATES = {
    "nothing paid": (Known(paid_until=None), END, "incomplete"),
    "nobody will pay": (Known(paid_until=None, gave_up=True), END, "expired"),
    "all went back": (Known(paid_until=None, was_paid=True), END, "expired"),
    "paid": (PAID, END - HOUR, "active"),
    "no word yet": (PAID, END + SILENCE - HOUR, "active"),
    "a day of silence": (PAID, END + SILENCE, "past_due"),
    "could not be charged": (msgspec.structs.replace(PAID, failed=True), END + HOUR, "past_due"),
    "a week later": (msgspec.structs.replace(PAID, failed=True), END + GRACE, "expired"),
    "canceled": (msgspec.structs.replace(PAID, canceled=True), END - HOUR, "canceled"),
    "canceled and over": (msgspec.structs.replace(PAID, canceled=True), END, "expired"),
    "ended by Stripe": (msgspec.structs.replace(PAID, is_over=True), END - HOUR, "canceled"),
    "given": (msgspec.structs.replace(PAID, is_gift=True), END - HOUR, "active"),
    "given and over": (msgspec.structs.replace(PAID, is_gift=True), END, "expired"),
}


@pytest.mark.parametrize("case", STATES)
def test_its_state(case: str) -> None:
    known, at, state = STATES[case]
    assert standing(known, at).state == state


flags = {name: st.booleans() for name in ("failed", "canceled", "is_over", "is_gift", "gave_up")}


@given(
    known=st.builds(Known, paid_until=st.just(END), was_paid=st.just(True), **flags),
    hours=st.integers(-1000, 1000),
    later=st.integers(0, 1000),
)
def test_time_changes_it_when_it_says_so_and_never_before(known: Known, hours: int, later: int) -> None:
    at = END + timedelta(hours=hours)
    now, then = standing(known, at), standing(known, at + timedelta(hours=later))
    if now.due_at is None or at + timedelta(hours=later) < now.due_at:
        assert now == then
    order = ("active", "past_due", "canceled", "expired")
    assert order.index(now.state) <= order.index(then.state)


def test_what_is_over_is_looked_at_no_more() -> None:
    assert standing(PAID, END + GRACE) == Standing("expired")


OWNER = {"subscription_id": OURS}
INVOICE = events.invoice("in_1", "sub_1", 499, owner=OWNER, start=1_000_000, end=3_592_000, paid=True)


def read(kind: str, about: events.Object) -> InvoiceFact | SubscriptionFact | GiftFact | None:
    return read_channel_event(events.make_event(kind, about))


def test_an_invoice_tells_what_it_is_for_by_its_lines() -> None:
    fact = read("invoice.paid", INVOICE)
    assert isinstance(fact, InvoiceFact)
    assert (str(fact.subscription_id), fact.stripe_id, fact.paid_minor) == (OURS, "sub_1", 499)
    assert fact.period_start == datetime.fromtimestamp(1_000_000, UTC)
    assert fact.period_end == datetime.fromtimestamp(3_592_000, UTC)
    failed = read("invoice.payment_failed", INVOICE)
    assert isinstance(failed, InvoiceFact)
    assert (failed.failed, failed.paid_minor) == (True, None)
    paid_by = read("invoice_payment.paid", events.invoice_payment("in_1", "pi_1", 499))
    assert isinstance(paid_by, InvoiceFact)
    assert (paid_by.invoice, paid_by.payment_intent, paid_by.subscription_id) == ("in_1", "pi_1", None)


def test_other_peoples_invoices_and_sessions_are_nothing_of_ours() -> None:
    assert read("invoice.paid", INVOICE | {"parent": None}) is None
    assert read("checkout.session.completed", events.session(OURS, "pi_1", 499, paid=True)) is None
    assert read("customer.subscription.deleted", events.subscription("sub_1", owner={})) is None
    assert read("customer.subscription.deleted", events.subscription("sub_1", owner={"subscription_id": "?"})) is None
    assert read("charge.refunded", events.charge("pi_1", 499)) is None


@pytest.mark.parametrize(
    "about",
    [
        INVOICE | {"lines": {"data": []}},
        INVOICE | {"lines": {"data": [{"period": {"start": 0, "end": 10**30}}]}},
        INVOICE | {"amount_paid": "499"},
        INVOICE | {"id": 5},
    ],
)
def test_what_stripe_would_never_say_is_unreadable(about: events.Object) -> None:
    with pytest.raises(Unreadable):
        read("invoice.paid", about)

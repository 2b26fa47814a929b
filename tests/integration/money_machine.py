"""Money that was paid, disputed, lost, won and refunded, as rules beside all other flows; and a wallet with a limit."""

from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from tests.integration.books import account, faults, grant, make_person, make_stream, send
from tests.integration.buying import CENTS, Purchase, end_refund
from tests.integration.economy_machine import NUMBERS, Returns, ask
from tests.integration.test_ledger import PEOPLE

Gift = tuple[int, str]
LIMIT = 60


@dataclass
class Claim:
    """What is claimed of one gift; `share` and `fee` in hundredths."""

    gift: Gift
    tokens: int
    share: int
    fee: int
    taken: bool


@dataclass
class Bought:
    """A purchase as the model knows it; tokens but for `refunded`, which is money."""

    buyer: int
    purchase: Purchase
    paid_at: object
    credited: int
    refunded: int = 0
    disputed: str = ""
    owed: int = 0
    wants: tuple[int, int] = (0, 0)
    waiting: tuple[UUID | None, int] | None = None
    claims: list[Claim] = field(default_factory=list)


class Money(Returns):
    """The model, besides the bases': purchases with their claims, and what buyers owe (hundredths)."""

    @initialize()
    def open(self) -> None:
        super().open()
        self.bought_tokens: list[Bought] = []
        self.owed = [0] * 4
        self.sent_at: dict[Gift, object] = {}
        self.limited = make_person(self.db)
        grant(self.db, self.limited, "promo", 500)
        self.db.execute("SELECT ledger.set_limit(%s, 1, %s)", (self.limited, LIMIT))
        self.stage = make_stream(self.db, make_person(self.db))
        self.spent = 0

    @rule(who=PEOPLE, tokens=st.integers(5, 80))
    def purchase(self, who: int, tokens: int) -> None:
        bought = Purchase(self.db, self.people[who], tokens).pay()
        paid_at = ask(self.db, "SELECT paid_at FROM payments WHERE id = %s", bought.id)[0]
        self.bought_tokens.append(Bought(who, bought, paid_at, tokens))
        self.paid[who] += tokens
        self.repay(who, tokens * 100)
        self.follow(who)

    @precondition(lambda self: self.bought_tokens)
    @rule(number=NUMBERS, ending=st.sampled_from(["opened", "lost", "won"]))
    def dispute(self, number: int, ending: str) -> None:
        one = self.bought_tokens[number % len(self.bought_tokens)]
        assert one.purchase.end(ending) == "settled"
        rank = ["", "opened", "lost", "won"]
        locks_before = one.disputed in ("opened", "lost")
        one.disputed = max(one.disputed, ending, key=rank.index)
        self.settle(one)
        locks = one.disputed in ("opened", "lost")
        others = any(o.disputed in ("opened", "lost") for o in self.bought_tokens if o.buyer == one.buyer)
        if locks and not locks_before:
            self.locked.add(one.buyer)
        elif locks_before and not others:
            self.locked.discard(one.buyer)

    @precondition(lambda self: self.bought_tokens)
    @rule(number=NUMBERS)
    def ask_refund(self, number: int) -> None:
        one = self.bought_tokens[number % len(self.bought_tokens)]
        outcome, wish, tokens, minor = one.purchase.ask_refund()
        if one.waiting:
            assert (outcome, wish, tokens) == ("asked_before", *one.waiting)
        elif one.disputed in ("opened", "lost") or one.credited == 0:
            assert outcome == "not_credited"
        elif one.buyer in self.locked:
            assert outcome == "wallet_locked"
        elif self.paid[one.buyer] == 0:
            assert outcome == "spent"
        else:
            unspent = min(one.credited, self.paid[one.buyer])
            assert (outcome, tokens, minor) == ("asked", unspent, unspent * CENTS)
            one.waiting = (wish, unspent)
            self.paid[one.buyer] -= unspent

    @precondition(lambda self: any(one.waiting for one in self.bought_tokens))
    @rule(number=NUMBERS, goes=st.booleans())
    def end_refund(self, number: int, goes: bool) -> None:
        waiting = [one for one in self.bought_tokens if one.waiting]
        one = waiting[number % len(waiting)]
        assert one.waiting
        wish, tokens = one.waiting
        if goes:
            one.refunded += tokens * CENTS
            one.purchase.refund(one.refunded)
            self.settle(one)
        else:
            assert end_refund(self.db, wish, "refused")
            assert not end_refund(self.db, wish, "refused")
            self.end_wish(one)

    def end_wish(self, one: Bought) -> None:
        if one.waiting:
            self.paid[one.buyer] += one.waiting[1]
            one.waiting = None

    def settle(self, one: Bought) -> None:
        """Desired minus applied, as the ledger does."""
        lost = one.purchase.price if one.disputed == "lost" else 0
        due = max(one.purchase.price - one.refunded - lost, 0) // CENTS
        moved, who = due - one.credited, one.buyer
        one.credited = due
        if moved > 0:
            self.release(one)
            self.paid[who] += moved
            self.repay(who, moved * 100)
        elif moved < 0:
            self.end_wish(one)
            there = min(self.paid[who], -moved)
            self.paid[who] -= there
            self.owed[who] += (-moved - there) * 100
            one.owed += -moved - there
        if not lost:
            one.owed = 0
        self.follow(who)

    def repay(self, who: int, most: int) -> None:
        part = min(most, self.owed[who] // 100 * 100)
        self.owed[who] -= part
        self.paid[who] -= part // 100

    def release(self, one: Bought, gift: Gift | None = None) -> None:
        """Give back what was claimed for a purchase, of one gift or all."""
        for claim in [c for c in one.claims if gift in (None, c.gift)]:
            one.claims.remove(claim)
            creator = self.gifts[claim.gift][0][0]
            if claim.taken:
                self.owed[one.buyer] += claim.share + claim.fee
            (self.available if claim.gift in self.matured else self.earnings)[creator] += claim.share
        if gift is None:
            one.wants = (0, 0)

    def follow(self, who: int) -> None:
        """Make the claims of a buyer what their disputes want."""
        covered, changed = self.paid[who], False
        mine = [one for one in self.bought_tokens if one.buyer == who]
        for one in mine:
            open_ = one.credited if one.disputed == "opened" else 0
            wants = (one.owed, max(open_ - covered, 0))
            covered = max(covered - open_, 0)
            changed |= bool(one.disputed) and wants != one.wants
            one.wants = wants if one.disputed else one.wants
        if not any(one.disputed for one in mine) or not changed:
            return
        for one in mine:
            wants = one.wants
            self.release(one)
            one.wants = wants
        for one in mine:
            self.claim(one)

    def claim(self, one: Bought) -> None:
        taking, holding = min(one.wants[0], self.owed[one.buyer] // 100), one.wants[1]
        since = [gift for gift in self.gifts if gift[0] == one.buyer and gift not in self.refunded]
        for gift in sorted(since, key=lambda gift: self.sent_at[gift], reverse=True):  # type: ignore[arg-type,return-value]
            if self.sent_at[gift] < one.paid_at:  # type: ignore[operator]
                break
            others = sum(c.tokens for other in self.bought_tokens for c in other.claims if c.gift == gift)
            free = self.parts[gift][1] - others
            taken = min(free, taking)
            held = min(free - taken, holding)
            taking, holding = taking - taken, holding - held
            for tokens, is_taken in ((taken, True), (held, False)):
                if tokens:
                    self.claim_gift(one, gift, tokens, taken=is_taken)

    def claim_gift(self, one: Bought, gift: Gift, tokens: int, *, taken: bool) -> None:
        creator = self.gifts[gift][0][0]
        where = self.available if gift in self.matured else self.earnings
        share = min(tokens * 70, where[creator])
        where[creator] -= share
        one.claims.append(Claim(gift, tokens, share, tokens * 30, taken))
        if taken:
            self.owed[one.buyer] -= share + tokens * 30

    def book(self, sender: int, key: str, request: tuple[int, str, int], got: object) -> None:
        super().book(sender, key, request, got)  # type: ignore[arg-type]
        event = self.gifts[sender, key][1].gift_event_id
        self.sent_at[sender, key] = ask(self.db, "SELECT created_at FROM gift_events WHERE id = %s", event)[0]

    def take_back(self, gift: Gift) -> None:
        for one in self.bought_tokens:
            for claim in [c for c in one.claims if c.gift == gift]:
                taken, held = one.wants
                one.wants = (taken - claim.tokens, held) if claim.taken else (taken, held - claim.tokens)
                one.owed -= claim.tokens if claim.taken else 0
            self.release(one, gift)
        super().take_back(gift)
        self.repay(gift[0], self.parts[gift][1] * 100)

    @rule(qty=st.integers(1, 6))
    def spend_within_the_limit(self, qty: int) -> None:
        try:
            got = send(self.db, self.limited, self.stage, "HEART", qty).outcome
        except psycopg.Error as error:
            got = str(error.sqlstate)
        assert got == ("sent" if self.spent + 5 * qty <= LIMIT else "LX001")
        if got == "sent":
            self.spent += 5 * qty

    @invariant()
    def what_is_claimed_and_owed_agrees(self) -> None:
        if not hasattr(self, "spent"):
            return
        assert faults(self.db) == {}
        for number, person in enumerate(self.people):
            claims = [c for one in self.bought_tokens for c in one.claims]
            contested = sum(c.share for c in claims if not c.taken and self.gifts[c.gift][0][0] == number)
            waiting = sum(one.waiting[1] for one in self.bought_tokens if one.waiting and one.buyer == number)
            assert account(self.db, person, "creator_contested") == contested
            assert account(self.db, person, "user_debt") == -self.owed[number]
            assert account(self.db, person, "user_refunding") == waiting * 100

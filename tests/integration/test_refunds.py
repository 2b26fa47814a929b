"""A gift that is taken back: every leg the other way, once; told, audited, and reversed on every board."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from httpx import AsyncClient

from domain.analytics.queries import gifts_totals
from domain.analytics.relations import RAW
from domain.economy import returns
from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines.clickhouse import connect_plain as connect_clickhouse
from livestreamx.engines.postgres import Pool, connection
from livestreamx.engines.redis import connect_plain
from livestreamx.events import Event, GiftRefunded, GiftSent, decode
from livestreamx.settings import Settings
from pipelines import engagement, leaderboards, progress
from pipelines.counting import chunk_writer
from pipelines.fences import Fence
from pipelines.records import Record
from pipelines.rows import typed_row
from tests.flows.chunks import chunks_of
from tests.integration.books import (
    Connection,
    account,
    database_of_its_own,
    faults,
    grant,
    holdings,
    make_person,
    make_stream,
    mature,
    pay_out,
    refund,
    send,
)
from tests.integration.people import Person, refusal
from tests.integration.test_gifts import Show, show  # noqa: F401


@pytest.fixture(scope="module")
def db(settings: Settings) -> Iterator[Connection]:
    with database_of_its_own(settings) as url, psycopg.connect(url, autocommit=True) as db:
        yield db


def test_pending_earnings_go_back_leg_by_leg(db: Connection) -> None:
    sender, creator = make_person(db), make_person(db)
    stream = make_stream(db, creator)
    grant(db, sender, "purchase", 100)
    grant(db, sender, "signup", 25)
    before = holdings(db, sender)
    sent = send(db, sender, stream, "ROSE", 3)
    assert holdings(db, creator)[2:] == (350, 2500)
    assert refund(db, sent.gift_event_id)[0] == "refunded"
    assert holdings(db, sender) == before
    assert holdings(db, creator) == (0, 0, 0, 0)
    assert refund(db, sent.gift_event_id)[0] == "refunded_before"
    assert refund(db, uuid4())[0] == "unknown_gift_event"
    assert holdings(db, sender) == before
    assert mature(db, creator) == 0
    assert faults(db) == {}


def test_what_was_paid_out_becomes_a_debt_that_later_earnings_repay(db: Connection) -> None:
    sender, creator = make_person(db), make_person(db)
    stream = make_stream(db, creator)
    grant(db, sender, "purchase", 1000)
    gifts = [send(db, sender, stream, "ROSE", 10).gift_event_id for _ in range(2)]
    assert mature(db, creator) == 14_000
    assert mature(db, creator) == 0
    assert (account(db, creator, "creator_earnings"), account(db, creator, "creator_available")) == (0, 14_000)
    pay_out(db, creator, 10_000)
    assert refund(db, gifts[0])[0] == "refunded"
    assert (account(db, creator, "creator_available"), account(db, creator, "creator_debt")) == (0, -3_000)
    assert refund(db, gifts[1])[0] == "refunded"
    assert account(db, creator, "creator_debt") == -10_000
    assert account(db, sender, "user_paid") == 100_000
    send(db, sender, stream, "ROSE", 20)
    assert mature(db, creator) == 14_000
    assert (account(db, creator, "creator_available"), account(db, creator, "creator_debt")) == (4_000, 0)
    assert faults(db) == {}


def test_a_hold_ends_once(db: Connection) -> None:
    holder, creator = make_person(db), make_person(db)
    grant(db, holder, "purchase", 50)
    grant(db, holder, "promo", 30)

    def hold(tokens: int, hold_id: UUID) -> str:
        row = db.execute(
            "SELECT ledger.hold_tokens(%s, %s, %s, %s, 'challenge')", (hold_id, holder, creator, tokens)
        ).fetchone()
        assert row is not None
        return str(row[0])

    def end(hold_id: UUID, how: str) -> str:
        row = db.execute("SELECT ledger.end_hold(%s, %s, %s)", (hold_id, uuid4(), how)).fetchone()
        assert row is not None
        return str(row[0])

    first, second = uuid4(), uuid4()
    assert [hold(40, first), hold(40, first), hold(50, second), hold(40, second)] == [
        "held",
        "replayed",
        "insufficient",
        "held",
    ]
    assert holdings(db, holder)[:2] == (0, 0)
    assert [end(first, "voided"), end(first, "posted"), end(second, "posted"), end(second, "voided")] == [
        "voided",
        "ended_before",
        "posted",
        "ended_before",
    ]
    assert holdings(db, holder)[:2] == (1_000, 3_000)
    assert holdings(db, creator)[2:] == (2_800, 0)
    assert mature(db, creator) == 2_800
    assert faults(db) == {}
    db.execute("SELECT ledger.lock_wallet(%s, 'dispute')", (holder,))
    assert hold(5, uuid4()) == "wallet_locked"
    assert send(db, holder, make_stream(db, creator), "HEART").outcome == "wallet_locked"


async def test_an_admin_takes_a_gift_back(show: Show, pool: Pool, api: AsyncClient) -> None:  # noqa: F811
    admin = await Person.admin(api, pool)
    receipt = await show.send("ROSE", 2)
    path = f"/api/admin/gifts/{receipt.gift_event_id}/refund"
    assert refusal(await show.creator.ask("POST", path, json={"reason": "mine"})) == (403, "role_required")
    assert refusal(await admin.ask("POST", path, json={"reason": "a\0"})) == (422, "reason_invalid")
    unknown = await admin.ask("POST", f"/api/admin/gifts/{uuid4()}/refund", json={"reason": "x"})
    assert refusal(unknown) == (404, "gift_event_not_found")
    first, again = [(await admin.ask("POST", path, json={"reason": "stolen card"})).json() for _ in range(2)]
    assert first == {
        "giftEventId": str(receipt.gift_event_id),
        "userId": str(show.viewer.id),
        "tokens": 20,
        "isNew": True,
    }
    assert again == first | {"isNew": False}
    assert (await show.wallet()).tokens == 100
    told = [decode_row(row) for row, _ in await show.told()]
    assert [type(event) for event in told] == [GiftSent, GiftRefunded]
    entries = (await show.viewer.ask("GET", "/api/wallet/ledger")).json()["items"]
    assert [(entry["reason"], entry["delta"], entry["giftCode"], entry["balanceAfter"]) for entry in entries] == [
        ("gift_refund", 20, "ROSE", 100),
        ("gift", -20, "ROSE", 80),
        ("signup", 100, None, 100),
    ]
    month = f"{now():%Y-%m}"
    statement = await show.viewer.ask("GET", "/api/wallet/statement", params={"month": month})
    assert statement.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(statement.text)))
    assert [(line["reason"], line["gift"], line["tokens"]) for line in lines] == [
        ("signup", "", "100"),
        ("gift", "ROSE", "-20"),
        ("gift_refund", "ROSE", "20"),
    ]
    assert refusal(await show.viewer.ask("GET", "/api/wallet/statement", params={"month": "soon"}))[0] == 422
    async with connection(pool) as adb:
        noted = await adb.execute("SELECT action FROM audit_log WHERE subject = %s", (f"gift:{receipt.gift_event_id}",))
        assert await noted.fetchall() == [("gift.refunded",)]


def decode_row(row: object) -> Event:
    return decode(msgspec.json.encode(row))


async def test_earnings_mature_after_two_weeks(show: Show, pool: Pool) -> None:  # noqa: F811
    await show.buy(100)
    await show.send("CONFETTI", 3)  # 100 bonus, 50 paid
    await returns.mature_earnings(pool, now())
    with psycopg.connect(pool.conninfo) as plain:
        assert account(plain, show.creator.id, "creator_earnings") == 3_500
    await returns.mature_earnings(pool, now() + timedelta(days=15))
    with psycopg.connect(pool.conninfo) as plain:
        assert account(plain, show.creator.id, "creator_available") == 3_500


def gift(stream: UUID, creator: UUID, sender: UUID, paid: int, bonus: int) -> tuple[GiftSent, GiftRefunded]:
    """A gift, and its refund a day later."""
    common = {"stream_id": stream, "creator_id": creator, "user_id": sender, "code": "ROSE", "qty": 1}
    amounts = {"gift_event_id": uuid7(), "tokens": paid + bonus, "paid": paid, "bonus": bonus}
    sent = GiftSent(**common, **amounts, handle="bob")  # type: ignore[arg-type]
    later = sent.occurred_at + timedelta(days=1)
    return sent, GiftRefunded(**common, **amounts, occurred_at=later, sent_at=sent.occurred_at, reason="fraud")  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_boards_experience_and_totals_are_as_if_it_was_never_sent(settings: Settings, size: int) -> None:
    stream, creator, sender, other = (uuid7() for _ in range(4))
    kept, _ = gift(stream, creator, sender, 100, 20)
    sent, taken = gift(stream, creator, sender, 2000, 0)
    whole, gone = gift(stream, creator, other, 50, 0)
    with connect_plain(settings.redis_url) as redis:
        for flow in (leaderboards, progress, engagement):
            write = chunk_writer(Fence(redis, f"refunds-{uuid7()}"), flow.count)
            write(chunks_of([kept, sent, whole, taken, gone, taken, sent, gone], size=size, topic="economy"))
        totals = {
            name: redis.hgetall(keys.board_totals(name, "stream", str(stream)))
            for name in ("gifts", "creators", "engagement")
        }
        assert totals == {
            "gifts": {str(sender).encode(): b"120"},
            "creators": {str(creator).encode(): b"100"},
            "engagement": {str(sender).encode(): b"1"},
        }
        assert redis.zscore(keys.board("gifts", "stream", str(stream)), str(other)) is None
        assert redis.hget(keys.experience(sender), "xp") == b"10"
        assert int(redis.hget(keys.experience(sender), "level") or 1) == 1  # type: ignore[arg-type]
        assert int(redis.hget(keys.experience(other), "xp") or 0) == 0  # type: ignore[arg-type]
        metrics = redis.hgetall(keys.stream_metrics(stream))
        assert (metrics[b"gifts"], metrics[b"tokens"]) == (b"1", b"120")  # type: ignore[index]


def test_the_panel_counts_what_is_left(settings: Settings) -> None:
    stream, creator, sender = (uuid7() for _ in range(3))
    kept, _ = gift(stream, creator, sender, 10, 5)
    sent, taken = gift(stream, creator, sender, 100, 0)
    with connect_clickhouse(settings.clickhouse_url) as clickhouse:
        for event in (kept, sent, taken, taken):
            row = typed_row(Record(0, 0, event))
            assert row is not None
            clickhouse.insert(row[0], [list(row[1].values())], column_names=list(row[1]))
        span = {"about": [str(stream)], "since": 0, "until": int(now().timestamp() * 1000) + 1000}
        found = clickhouse.query(gifts_totals(RAW), span).result_rows
    assert found == [(15, 10, 5, 1, 1, 7.0)]

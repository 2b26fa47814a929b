"""What a lost dispute takes of gifts is told once for each, in any order of the bank's words, and counts no more."""

import itertools
from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import msgspec
import psycopg
import pytest

from domain.analytics.queries import gifts_totals
from domain.analytics.relations import RAW
from livestreamx import keys
from livestreamx.clock import now, now_ms, uuid7
from livestreamx.engines.clickhouse import connect_plain as connect_clickhouse
from livestreamx.engines.redis import connect_plain as connect_redis
from livestreamx.events import Event, GiftClawback, GiftRefunded, GiftSent
from livestreamx.events.plausible import events_of
from livestreamx.settings import Settings
from pipelines import engagement, leaderboards, progress
from pipelines.counting import chunk_writer
from pipelines.fences import Fence
from pipelines.records import Record
from pipelines.rows import typed_row
from tests.flows.chunks import chunks_of
from tests.integration.books import Connection, database_of_its_own, faults, refund
from tests.integration.test_disputes import Case


@pytest.fixture(scope="module")
def db(settings: Settings) -> Iterator[Connection]:
    with database_of_its_own(settings) as url, psycopg.connect(url, autocommit=True) as db:
        yield db


def told(case: Case) -> list[GiftClawback]:
    """The events of the buyer's gifts, in order."""
    rows = case.db.execute("SELECT payload FROM outbox WHERE topic = 'economy' ORDER BY seq").fetchall()
    events = [event for row in rows for event in events_of(bytes(row[0]), now_ms())]
    return [event for event in events if isinstance(event, GiftClawback) and event.user_id == case.buyer]


def gone(case: Case) -> dict[UUID, int]:
    """Tokens of each gift that are gone, as its events add up."""
    sums: Counter[UUID] = Counter()
    for event in told(case):
        sums[event.gift_event_id] += event.gone
    assert faults(case.db) == {}
    return {gift: tokens for gift, tokens in sums.items() if tokens}


def test_a_lost_dispute_is_told_for_each_gift_and_a_later_victory_too(db: Connection) -> None:
    case = Case(db)
    first, second = case.give(case.ada, 10), case.give(case.bob, 4)
    case.bought.dispute()
    assert told(case) == [], "what is only held has not been taken"
    case.bought.lose()
    assert gone(case) == {first: 50, second: 20}
    (news,) = (event for event in told(case) if event.gift_event_id == first)
    assert (news.creator_id, news.stream_id, news.code) == (case.ada, case.streams[case.ada], "HEART")
    assert news.sent_at < news.occurred_at
    assert news.counts_at == news.sent_at
    case.bought.lose()  # the bank repeats itself
    case.bought.dispute()
    assert len(told(case)) == 2
    case.bought.win()
    assert gone(case) == {}
    assert [event.gone for event in told(case)[2:]] in ([-50, -20], [-20, -50])


@pytest.mark.parametrize("words", [*itertools.permutations(("dispute", "lose", "win"))], ids="-".join)
def test_in_any_order_and_twice_the_end_is_the_same(db: Connection, words: tuple[str, ...]) -> None:
    case = Case(db)
    case.give(case.ada, 20)
    for word in (*words, *words):
        getattr(case.bought, word)()
    assert gone(case) == {}, "won, whatever was said before"


def test_a_part_is_taken_of_the_newest_gift(db: Connection) -> None:
    case = Case(db)
    case.give(case.ada, 10)
    newest = case.give(case.ada, 8)
    case.bought.lose(minor=60)  # 30 tokens, of which 10 are still in the wallet
    assert gone(case) == {newest: 20}


def test_a_claimed_gift_that_is_refunded_is_put_back_first(db: Connection) -> None:
    case = Case(db)
    gift = case.give(case.ada, 20)
    case.bought.lose()
    assert gone(case) == {gift: 100}
    assert refund(db, gift)[0] == "refunded"
    assert gone(case) == {}


def acts(paid: int, bonus: int, *parts: int) -> tuple[GiftSent, list[GiftClawback]]:
    """A gift, and what was taken of it, one by one."""
    ids = {"stream_id": uuid7(), "creator_id": uuid7(), "user_id": uuid7(), "code": "ROSE"}
    gift = uuid7()
    amounts = {"tokens": paid + bonus, "paid": paid, "bonus": bonus}
    sent = GiftSent(gift_event_id=gift, handle="bob", qty=1, **amounts, **ids)  # type: ignore[arg-type]
    return sent, [
        GiftClawback(
            gift_event_id=gift,
            tokens=abs(part),
            change="taken" if part > 0 else "put_back",
            sent_at=sent.occurred_at,
            **ids,  # type: ignore[arg-type]
        )
        for part in parts
    ]


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize(("parts", "left"), [((800,), 1220), ((800, -300), 1520), ((2000, -2000), 2020)])
def test_boards_experience_and_totals_lose_exactly_that(
    settings: Settings, size: int, parts: tuple[int, ...], left: int
) -> None:
    sent, taken = acts(2000, 20, *parts)
    with connect_redis(settings.redis_url) as redis:
        count_all(redis_writers(redis), [sent, *taken, *reversed(taken), sent], size)
        for board, who, score in (("gifts", sent.user_id, left), ("creators", sent.creator_id, left - 20)):
            for scope, ref in (("stream", str(sent.stream_id)), ("global", "all")):
                total = redis.hget(keys.board_totals(board, scope, ref), str(who))
                assert int(total or 0) == score, (board, scope)  # type: ignore[arg-type]
        assert redis.hget(keys.experience(sent.user_id), "xp") == str((left - 20) // 10).encode()
        day = keys.experience_day(sent.user_id, sent.occurred_at.date().isoformat())  # type: ignore[arg-type]
        assert redis.ttl(day) > 195 * 86_400, "as long as cards are disputed"  # type: ignore[operator]
        metrics = redis.hgetall(keys.stream_metrics(sent.stream_id))
        assert (metrics[b"gifts"], metrics[b"tokens"]) == (b"1", str(left).encode())  # type: ignore[index]


def redis_writers(redis: object) -> list[object]:
    flows = (leaderboards, progress, engagement)
    return [chunk_writer(Fence(redis, f"clawbacks-{uuid7()}"), flow.count) for flow in flows]  # type: ignore[arg-type]


def count_all(writers: list[object], events: list[Event], size: int) -> None:
    for write in writers:
        write(chunks_of(events, size=size, topic="economy"))  # type: ignore[operator]


@pytest.mark.parametrize("size", [1, 100])
def test_a_refund_before_what_was_taken_is_put_back_leaves_nothing(settings: Settings, size: int) -> None:
    sent, taken = acts(100, 0, 60, -60)
    refunded = GiftRefunded(
        gift_event_id=sent.gift_event_id,
        code="ROSE",
        qty=1,
        tokens=100,
        paid=100,
        bonus=0,
        sent_at=sent.occurred_at,
        reason="fraud",
        stream_id=sent.stream_id,
        creator_id=sent.creator_id,
        user_id=sent.user_id,
    )
    with connect_redis(settings.redis_url) as redis:
        count_all(redis_writers(redis), [sent, taken[0], refunded, taken[1]], size)
        for board, who in (("gifts", sent.user_id), ("creators", sent.creator_id)):
            assert redis.hget(keys.board_totals(board, "stream", str(sent.stream_id)), str(who)) is None
            assert redis.zscore(keys.board(board, "stream", str(sent.stream_id)), str(who)) is None
        assert int(redis.hget(keys.experience(sent.user_id), "xp") or 0) == 0  # type: ignore[arg-type]


def test_the_panel_counts_what_is_left(settings: Settings) -> None:
    sent, taken = acts(100, 5, 60, -20)
    with connect_clickhouse(settings.clickhouse_url) as clickhouse:
        for event in (sent, *taken, *taken):
            row = typed_row(Record(0, 0, event))
            assert row is not None
            clickhouse.insert(row[0], [list(row[1].values())], column_names=list(row[1]))
        span = {"about": [str(sent.stream_id)], "since": 0, "until": int(now().timestamp() * 1000) + 1000}
        found = clickhouse.query(gifts_totals(RAW), span).result_rows
    assert found == [(65, 60, 5, 1, 1, 42.0)]


def test_the_event_of_the_ledger_is_the_one_of_the_catalogue(db: Connection) -> None:
    case = Case(db)
    case.give(case.ada, 20)
    case.bought.lose()
    row = db.execute("SELECT payload FROM outbox WHERE payload LIKE '%%gift.clawback%%' ORDER BY seq DESC").fetchone()
    assert row is not None
    assert set(msgspec.json.decode(bytes(row[0]))) == {"type", *GiftClawback.__struct_fields__}

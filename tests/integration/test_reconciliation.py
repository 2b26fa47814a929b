"""The nightly comparison of all books: real acts agree to the token, and a difference planted anywhere is found."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import dagster as dg
import httpx
import msgspec
import psycopg
import pytest
import pytest_asyncio
from clickhouse_connect.driver.client import Client
from redis import Redis

from domain.reconciliation.model import Reconciliation
from domain.reconciliation.service import reconcile
from features.leaderboards import GLOBAL_REF
from livestreamx import keys
from livestreamx.client import Account, Room
from livestreamx.clock import now
from livestreamx.engines.clickhouse import connect_plain as connect_clickhouse
from livestreamx.engines.redis import connect_plain as connect_redis
from livestreamx.settings import Settings
from livestreamx.stack.platform import Platform
from orchestration.definitions import define
from orchestration.reconcile import QUIET
from tests.builders import eventually, go_live, make_user
from tests.conftest import environment, free_port
from tests.integration.books import Connection
from tests.integration.buying import Purchase

GIVERS, GIFTS = 4, 6


class Books:
    """The engines of a platform, and the comparison of everything up to this moment."""

    def __init__(self, settings: Settings, db: Connection, history: Client, boards: Redis) -> None:
        self.settings, self.db, self.history, self.boards = settings, db, history, boards

    def compare(self) -> Reconciliation:
        return reconcile(self.db, self.history, self.boards, now() + timedelta(seconds=1))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose every gift is this module's."""
    env = {"LSX_DEV_TOPUP": "on", "LSX_RATE_LIMITS": "off"}
    with Platform(tmp_path_factory.mktemp("books"), free_port(), env=env) as platform:
        yield platform


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def books(own: Platform) -> AsyncIterator[Books]:
    """Gifts over the socket, some of them taken back by an admin, everything arrived everywhere."""
    settings = own.settings
    async with httpx.AsyncClient(base_url=own.url, timeout=60) as http:
        _, stream = await go_live(http)
        givers = [await make_user(http) for _ in range(GIVERS)]
        gifts = [await give(own.url, stream, giver) for giver in givers]
        with psycopg.connect(settings.postgres_url, autocommit=True) as db:
            admin = await make_admin(http, db)
            for gift in gifts[:2]:
                answer = await http.post(
                    f"/api/admin/gifts/{gift}/refund",
                    json={"reason": "stolen card"},
                    headers={"Authorization": f"Bearer {admin.access}"},
                )
                assert answer.status_code == 200, answer.text
            with connect_clickhouse(settings.clickhouse_url) as history, connect_redis(settings.redis_url) as boards:
                books = Books(settings, db, history, boards)

                async def compared() -> Reconciliation:
                    return books.compare()

                await eventually(compared, lambda found: found.agrees)
                yield books


async def give(url: str, stream: str, giver: Account) -> str:
    async with Room(url, stream, giver, channels="gifts") as room:
        for _ in range(GIFTS):
            ack = await room.ask("gift:send", code="HEART", qty=2)
    return str(ack["giftEventId"])


async def make_admin(http: httpx.AsyncClient, db: Connection) -> Account:
    handle, password = "the_auditor", "correct horse battery"
    account = await Account.register(http, handle, password)
    db.execute("UPDATE users SET roles = roles || 'admin'::text WHERE id = %s", (account.user_id,))
    return await Account.login(http, handle, password)


def test_real_acts_agree(books: Books) -> None:
    found = books.compare()
    assert (found.gifts, found.tokens) == (GIVERS * GIFTS, GIVERS * GIFTS * 10)
    assert found.report().endswith("all agree")


def bend_ledger(books: Books) -> Callable[[], object]:
    books.db.execute("ALTER TABLE ledger.balance DISABLE TRIGGER moved_by_transfers_only")
    change = "UPDATE ledger.balance SET posted = posted {} 100 WHERE account = ledger.bonus_source()"
    books.db.execute(change.format("-").encode())
    return lambda: (
        books.db.execute(change.format("+").encode()),
        books.db.execute("ALTER TABLE ledger.balance ENABLE TRIGGER moved_by_transfers_only"),
    )


def bend_gift(books: Books) -> Callable[[], object]:
    books.db.execute("ALTER TABLE gift_events DISABLE TRIGGER moves_forward")
    change = "UPDATE gift_events SET bonus = bonus {} 1 WHERE id = (SELECT min(id::text)::uuid FROM gift_events)"
    books.db.execute(change.format("+").encode())
    return lambda: (
        books.db.execute(change.format("-").encode()),
        books.db.execute("ALTER TABLE gift_events ENABLE TRIGGER moves_forward"),
    )


def lose_history(books: Books) -> Callable[[], object]:
    books.history.command("CREATE TABLE kept AS gifts")
    books.history.command("INSERT INTO kept SELECT * FROM gifts FINAL")
    books.history.command("DELETE FROM gifts WHERE event_id IN (SELECT min(event_id) FROM kept)")
    return lambda: (
        books.history.command("INSERT INTO gifts SELECT * FROM kept"),
        books.history.command("DROP TABLE kept"),
    )


def lose_refund(books: Books) -> Callable[[], object]:
    books.history.command("RENAME TABLE gift_refunds TO hidden")
    books.history.command("CREATE TABLE gift_refunds AS hidden")
    return lambda: (
        books.history.command("DROP TABLE gift_refunds"),
        books.history.command("RENAME TABLE hidden TO gift_refunds"),
    )


def bend_board(books: Books) -> Callable[[], object]:
    board = keys.board_totals("gifts", "global", GLOBAL_REF)
    who = next(iter(books.boards.hgetall(board)))  # type: ignore[arg-type]
    books.boards.hincrby(board, who, 1)
    return lambda: books.boards.hincrby(board, who, -1)


def invent_place(books: Books) -> Callable[[], object]:
    board = keys.board_totals("creators", "global", GLOBAL_REF)
    books.boards.hset(board, "nobody", "7")
    return lambda: books.boards.hdel(board, "nobody")


PLANTED: dict[str, tuple[Callable[[Books], Callable[[], object]], str, str]] = {
    "in a balance": (bend_ledger, "ledger", "assets that do not sum to zero"),
    "in a gift": (bend_gift, "ledger", "gifts that differ from their transfers"),
    "a gift missing in history": (lose_history, "history", "gifts of stream"),
    "refunds missing in history": (lose_refund, "history", "gifts taken back of stream"),
    "in a leaderboard": (bend_board, "leaderboards", "gifts board of"),
    "somebody who was never given": (invent_place, "leaderboards", "creators board of nobody"),
}


@pytest.mark.parametrize("where", PLANTED)
def test_a_planted_difference_is_found(books: Books, where: str) -> None:
    plant, place, subject = PLANTED[where]
    undo = plant(books)
    try:
        found = books.compare()
        assert any(one.place == place and one.subject.startswith(subject) for one in found.findings), found.report()
    finally:
        undo()
    assert books.compare().agrees


def test_the_job_fails_with_a_report(books: Books, tmp_path: Path) -> None:
    env = environment(msgspec.structs.replace(books.settings, home=tmp_path))

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "orchestration.reconcile"]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)

    books.boards.hset(keys.board_totals("gifts", "global", GLOBAL_REF), "nobody", "7")
    try:
        done = run()
    finally:
        books.boards.hdel(keys.board_totals("gifts", "global", GLOBAL_REF), "nobody")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "leaderboards: gifts board of nobody: expected 0, found 7" in done.stdout
    done = run()
    assert (done.returncode, "all agree" in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_day_is_closed_only_when_the_books_agree(books: Books) -> None:
    """Gifts of bonus tokens earn nothing, so what is released here is none; that it is reached is the point."""
    close_day = define(books.settings).resolve_job_def("close_day")

    def released() -> list[float]:
        with dg.DagsterInstance.ephemeral() as instance:
            done = close_day.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET)
        made = [event.step_materialization_data.materialization for event in done.get_asset_materialization_events()]
        return [one.metadata["tokens"].value for one in made if one.asset_key == dg.AssetKey("matured_earnings")]

    books.boards.hset(keys.board_totals("gifts", "global", GLOBAL_REF), "nobody", "7")
    try:
        assert released() == []
    finally:
        books.boards.hdel(keys.board_totals("gifts", "global", GLOBAL_REF), "nobody")
    assert released() == [0.0]


def counted(books: Books, stream: str, giver: str, creator: str) -> dict[str, int]:
    """Tokens of one giver's stream wherever they are counted, and the giver's experience."""
    boards, about = books.boards, {"stream": stream}
    places = {
        "giver's board": (keys.board_totals("gifts", "stream", stream), giver),
        "giver's board of all times": (keys.board_totals("gifts", "global", GLOBAL_REF), giver),
        "creator's board": (keys.board_totals("creators", "global", GLOBAL_REF), creator),
        "stream": (keys.stream_metrics(stream), "tokens"),
        "experience": (keys.experience(giver), "xp"),
    }
    cells = "SELECT sum(tokens) FROM act_cells FINAL WHERE about = {stream:UUID} AND act = 'gift' AND grain = "
    history = {
        "minutes": cells + "60",
        "days": cells + "86400",
        "supporters": "SELECT sum(tokens) FROM supporters FINAL WHERE stream_id = {stream:UUID}",
    }
    return {what: int(boards.hget(*place) or 0) for what, place in places.items()} | {  # type: ignore[arg-type]
        what: int(books.history.query(sql, about).result_rows[0][0]) for what, sql in history.items()
    }


async def test_what_a_lost_dispute_takes_leaves_all_books_equal_and_so_does_what_it_puts_back(
    own: Platform, books: Books
) -> None:
    async with httpx.AsyncClient(base_url=own.url, timeout=60) as http:
        creator, stream = await go_live(http)
        giver = await make_user(http)
        bought = Purchase(books.db, UUID(giver.user_id), 100).pay()
        async with Room(own.url, stream, giver, channels="gifts") as room:
            for _ in range(2):  # the first takes the bonus of newcomers
                await room.ask("gift:send", code="ROSE", qty=10)

    async def seen() -> dict[str, int] | str:
        found = books.compare()
        return counted(books, stream, giver.user_id, creator.user_id) if found.agrees else found.report()

    given = dict.fromkeys(
        ("giver's board", "giver's board of all times", "stream", "minutes", "days", "supporters"), 200
    )
    before = await eventually(seen, lambda found: not isinstance(found, str) and found.items() >= given.items())
    assert not isinstance(before, str)
    assert (before["creator's board"], before["experience"] >= 10) == (100, True)
    less = {what: total - (10 if what == "experience" else 100) for what, total in before.items()}
    bought.lose()
    await eventually(seen, lambda found: found == less)
    bought.win()
    await eventually(seen, lambda found: found == before)

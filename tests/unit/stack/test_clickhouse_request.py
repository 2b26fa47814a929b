"""Reading a request of ClickHouse's HTTP interface: where the statement ends and the rows begin."""

import gzip
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import lz4.frame
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from livestreamx.stack.clickhouse.engine import QueryError, identifier, quoted
from livestreamx.stack.clickhouse.request import DECOMPRESSORS, Disconnected, Frames, Insert, read


def arriving(*chunks: bytes, whole: bool = True) -> Callable[[], Awaitable[Any]]:
    events = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    events.append({"type": "http.request", "body": b"", "more_body": False} if whole else {"type": "http.disconnect"})
    left = iter(events)

    async def receive() -> Any:
        return next(left)

    return receive


async def statement(*chunks: bytes, query: bytes = b"", whole: bool = True) -> tuple[Insert | str, bytes]:
    """The statement, and what of the body is left behind it."""
    request = await read({"query_string": query, "headers": []}, arriving(*chunks, whole=whole))
    found = await request.statement()
    rest = b"".join([chunk async for chunk in request.body])
    return found, (found.first if isinstance(found, Insert) else b"") + rest


@pytest.mark.parametrize(
    "head",
    [
        "INSERT INTO t",
        "insert into `d`.`t` (`values`, `select (x)`, b)",
        'INSERT INTO TABLE d.t ("a b", c)',
        "INSERT INTO t (a) SETTINGS async_insert=0, wait_for_async_insert=1",
    ],
)
@pytest.mark.parametrize("cut", range(0, 90, 7))
async def test_insert_with_rows_however_it_is_cut(head: str, cut: int) -> None:
    body = f"{head} FORMAT Native\n".encode() + b"\x00\xff\n FORMAT x\n"
    found, rows = await statement(body[:cut], body[cut:])
    assert isinstance(found, Insert)
    assert (found.sql, found.form, rows) == (head, "Native", b"\x00\xff\n FORMAT x\n")


async def test_insert_in_the_url_with_rows_in_the_body() -> None:
    found, rows = await statement(b"1\n", b"2\n", query=b"query=INSERT+INTO+t+FORMAT+CSV")
    assert found == Insert("INSERT INTO t", "CSV", b"")
    assert rows == b"1\n2\n"


@pytest.mark.parametrize(
    "sql", ["SELECT 1", "INSERT INTO t VALUES (1)", "INSERT INTO t SELECT * FROM u FORMAT Native", "INSERT INTO t (a"]
)
async def test_everything_else_is_an_ordinary_statement(sql: str) -> None:
    assert await statement(sql.encode()) == (sql, b"")


async def test_large_first_chunk_is_still_an_insert() -> None:
    found, rows = await statement(b"INSERT INTO t FORMAT RowBinary\n" + b"\xff" * (3 << 20))
    assert isinstance(found, Insert)
    assert len(rows) == 3 << 20


async def test_body_that_breaks_off_is_no_statement() -> None:
    with pytest.raises(Disconnected):
        await statement(b"SELECT", whole=False)
    with pytest.raises(QueryError, match="not UTF-8"):
        await statement(b"SELECT '\xff'")


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@given(st.sampled_from(sorted(COMPRESS)), st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 50))
def test_frames_in_a_row_cut_anywhere(encoding: str, texts: list[bytes], size: int) -> None:
    packed = b"".join(COMPRESS[encoding](text) for text in texts)
    frames = Frames(DECOMPRESSORS[encoding])
    out = b"".join(frames.decompress(packed[at : at + size]) for at in range(0, len(packed), size))
    assert out == b"".join(texts)
    assert frames.whole


@pytest.mark.parametrize("encoding", sorted(COMPRESS))
def test_cut_off_frame_is_not_whole_and_rubbish_is_refused(encoding: str) -> None:
    frames = Frames(DECOMPRESSORS[encoding])
    frames.decompress(COMPRESS[encoding](b"text" * 100)[:-3])
    assert not frames.whole
    with pytest.raises(QueryError, match="354"):
        Frames(DECOMPRESSORS[encoding]).decompress(b"this is not compressed at all, however long it is")


def test_names_and_values_stay_inside_their_quotes() -> None:
    assert quoted("it's \\ `x`", "'") == "'it\\'s \\\\ `x`'"
    assert quoted("a`b", "`") == "`a\\`b`"
    with pytest.raises(QueryError, match="115"):
        identifier("max_threads = 1; DROP TABLE t")


@pytest.mark.timeout(60)
async def test_an_insert_fed_by_a_select_is_known_at_once_however_long_its_columns() -> None:
    sql = f"INSERT INTO t ({', '.join(f'column_number_{number}' for number in range(200))}) SELECT * FROM u"
    assert await statement(sql.encode()) == (sql, b"")

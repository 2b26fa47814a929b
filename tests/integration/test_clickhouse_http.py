"""The embedded ClickHouse spoken to by unmodified clickhouse-connect clients, plain HTTP, and kill -9."""

import asyncio
import gzip
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import clickhouse_connect
import httpx
import pytest
import pytest_asyncio
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError


class Server:
    """The engine's process on a port of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self._folder = folder
        self.start()

    def start(self) -> None:
        line = [sys.executable, "-m", "livestreamx.stack.clickhouse", "--home", str(self._folder)]
        self.process = subprocess.Popen([*line, "--port", str(self.port)], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        assert self.process.stdout.readline() == f"ready 127.0.0.1:{self.port}\n"

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(60)
        assert self.process.stdout
        self.process.stdout.close()

    def client(self, database: str = "default", **options: Any) -> Client:
        return clickhouse_connect.get_client(host="127.0.0.1", port=self.port, database=database, **options)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("clickhouse"))
    yield server
    server.end()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client in a database of its own."""
    name = f"d{uuid4().hex}"
    with server.client() as admin:
        admin.command(f"CREATE DATABASE {name}")
    with server.client(name) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def async_client(server: Server, client: Client) -> AsyncIterator[AsyncClient]:
    options: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "database": client.database,
        "autogenerate_session_id": False,
    }
    async_client = await clickhouse_connect.get_async_client(**options)
    yield async_client
    await async_client.close()


ROW = (
    1,
    "tab\t quote' back\\slash \n ünïcode",
    datetime(2026, 1, 2, 3, 4, 5, 678000, UTC).replace(tzinfo=None),
    ["a", "b'c"],
    None,
)
COLUMNS = ["values", "text", "at", "tags", "maybe"]
TABLE = (
    "CREATE TABLE t (`values` UInt64, text String, at DateTime64(3, 'UTC'), tags Array(String), maybe Nullable(Int32)) "
    "ENGINE = MergeTree ORDER BY `values`"
)


def test_rows_come_back_as_they_were_inserted(client: Client) -> None:
    client.command(TABLE)
    summary = client.insert("t", [ROW], column_names=COLUMNS)
    assert summary.written_rows == 1
    assert client.query("SELECT * FROM t").result_rows == [ROW]
    client.insert("t", [[2, "x"]], column_names=["values", "text"])
    assert client.query("SELECT text, tags FROM t WHERE `values` = 2").result_rows == [("x", [])]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("String", ROW[1]),
        ("UInt64", 2**63),
        ("Array(String)", ["it's", "a\\b", "c\nd"]),
        ("DateTime64(3)", datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)),
        ("UUID", uuid4()),
        ("Nullable(String)", None),
    ],
)
def test_parameters_arrive_as_they_were_given(client: Client, kind: str, value: object) -> None:
    answer = client.query(f"SELECT {{given:{kind}}}", parameters={"given": value}).result_rows[0][0]
    expected = value.replace(tzinfo=None) if isinstance(value, datetime) else value
    assert answer == expected


def test_parameter_too_long_for_a_url(client: Client) -> None:
    long = "é" * 200_000
    assert client.query("SELECT length({given:String})", parameters={"given": long}).result_rows == [(400_000,)]


@pytest.mark.parametrize("compression", ["lz4", "zstd", "gzip", False])
def test_compressed_inserts(server: Server, client: Client, compression: str | bool) -> None:
    client.command("CREATE TABLE c (n UInt32, s String) ENGINE = MergeTree ORDER BY n")
    with server.client(client.database or "", compress=compression) as compressing:
        compressing.insert("c", [[n, "text" * 10] for n in range(50_000)], column_names=["n", "s"])
    assert client.query("SELECT count(), sum(n) FROM c").result_rows == [(50_000, 1_249_975_000)]


def test_result_streams_in_blocks(client: Client) -> None:
    with client.query_row_block_stream("SELECT number FROM numbers(1000000)") as blocks:
        sizes = [len(block) for block in blocks]
    assert sum(sizes) == 1_000_000
    assert len(sizes) > 1


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM nowhere", 60),
        ("SELECT unknown_column", 47),
        ("SELEC 1", 62),
        ("SELECT {given:UInt8}", 456),
        ("SELECT throwIf(number = 900000) FROM numbers(1000000)", 395),
        ("INSERT INTO nowhere VALUES (1)", 60),
    ],
)
def test_errors_carry_the_engine_s_code(client: Client, sql: str, code: int) -> None:
    with pytest.raises(DatabaseError, match=f"[Cc]ode: {code}"):
        client.query(sql)
    assert client.query("SELECT 1").result_rows == [(1,)], "the connection goes on"


def test_unknown_database_and_setting_are_refused(server: Server, client: Client) -> None:
    with pytest.raises(DatabaseError, match="81"):
        server.client("nowhere")
    with pytest.raises(DatabaseError, match="115"):
        client.query("SELECT 1", settings={"no_such_setting": "1"})


def test_database_and_settings_belong_to_the_connection(server: Server, client: Client) -> None:
    client.command("CREATE TABLE mine (n UInt8) ENGINE = MergeTree ORDER BY n")
    with server.client() as other:
        assert other.command("EXISTS TABLE mine") == 0
    settings = {"max_result_rows": 5, "result_overflow_mode": "throw"}
    with pytest.raises(DatabaseError, match="396"):
        client.query("SELECT number FROM numbers(100)", settings=settings)
    assert len(client.query("SELECT number FROM numbers(100)").result_rows) == 100, "a setting lasts one query"


def test_session_keeps_temporary_tables(server: Server) -> None:
    with server.client(session_id="mine") as one, server.client(session_id="other") as two:
        one.command("CREATE TEMPORARY TABLE scratch (n UInt8)")
        one.command("INSERT INTO scratch VALUES (7)")
        assert one.query("SELECT n FROM scratch").result_rows == [(7,)]
        with pytest.raises(DatabaseError, match="60"):
            two.query("SELECT n FROM scratch")


@pytest.mark.asyncio(loop_scope="session")
async def test_async_client_with_many_queries_at_once(async_client: AsyncClient) -> None:
    await async_client.command(TABLE)
    rows = [[n, "s", ROW[2], [], n] for n in range(100)]
    await async_client.insert("t", rows, column_names=COLUMNS)
    ask = "SELECT maybe FROM t WHERE `values` = {n:UInt64}"
    answers = await asyncio.gather(*(async_client.query(ask, parameters={"n": n}) for n in range(100)))
    assert [answer.result_rows for answer in answers] == [[(n,)] for n in range(100)]
    with pytest.raises(DatabaseError, match="60"):
        await async_client.query("SELECT * FROM nowhere")


def test_plain_http(server: Server, client: Client) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        assert http.get("/ping").text == "Ok.\n"
        assert http.get("/", params={"query": "SELECT 1"}).text == "1\n"
        assert http.post("/", content="SELECT 1 AS a FORMAT JSONEachRow").text == '{"a":1}\n'
        client.command("CREATE TABLE h (n UInt8) ENGINE = MergeTree ORDER BY n")
        where = {"database": client.database or ""}
        assert http.post("/", params=where, content="INSERT INTO h FORMAT TSV\n1\n2\n").status_code == 200
        rows = gzip.compress(b'{"n":3}\n') + gzip.compress(b'{"n":4}\n')
        insert = where | {"query": "INSERT INTO h (n) SETTINGS async_insert=0 FORMAT JSONEachRow"}
        assert http.post("/", params=insert, content=rows, headers={"content-encoding": "gzip"}).status_code == 200
        assert client.query("SELECT n FROM h ORDER BY n").result_rows == [(1,), (2,), (3,), (4,)]


def test_body_that_is_cut_off_or_broken_changes_nothing(server: Server, client: Client) -> None:
    client.command("CREATE TABLE b (n UInt32) ENGINE = MergeTree ORDER BY n")
    rows = gzip.compress("".join(f"{n}\n" for n in range(10_000)).encode())
    where = {"database": client.database or "", "query": "INSERT INTO b FORMAT TSV"}
    packed = {"content-encoding": "gzip"}
    with httpx.Client(base_url=server.url, timeout=60) as http:
        for body in (rows[: len(rows) // 2], b"not gzip at all"):
            answer = http.post("/", params=where, content=body, headers=packed)
            assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (400, "354")
        answer = http.post("/", params=where, content=b"1\ntwo\n")
        assert answer.headers["x-clickhouse-exception-code"] == "27"
    with socket.create_connection(("127.0.0.1", server.port)) as leaving:
        query = f"/?database={client.database}&query=INSERT+INTO+b+FORMAT+TSV"
        leaving.sendall(f"POST {query} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n1\n2\n".encode())
    assert client.query("SELECT count() FROM b").result_rows == [(0,)]


def test_acknowledged_inserts_survive_kill_9(tmp_path: Path) -> None:
    """Eight writers insert until the process is killed under them; every acknowledged row is there, once."""
    server = Server(tmp_path)
    with server.client() as admin:
        admin.command("CREATE TABLE k (writer UInt8, n UInt32) ENGINE = MergeTree ORDER BY (writer, n)")
    acknowledged: list[tuple[int, int]] = []
    enough = threading.Event()

    def write(writer: int) -> None:
        with server.client(autogenerate_session_id=False) as client:
            for n in range(100_000):
                try:
                    client.insert("k", [[writer, n]], column_names=["writer", "n"])
                except Exception:
                    return
                acknowledged.append((writer, n))
                if len(acknowledged) > 400:
                    enough.set()

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in writers:
        thread.start()
    assert enough.wait(60)
    server.end(kill=True)
    for thread in writers:
        thread.join(30)
    server.start()
    with server.client() as client:
        kept = client.query("SELECT writer, n FROM k").result_rows
    server.end()
    assert set(acknowledged) <= set(kept)
    assert len(kept) == len(set(kept))
    assert len(kept) <= len(acknowledged) + len(writers), "only what was under way may be there besides"

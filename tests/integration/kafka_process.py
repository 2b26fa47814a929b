"""The embedded Kafka as a process of its own, as the platform starts it; and clients as the platform makes them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, Message, Producer

SOON: dict[str, object] = {"reconnect.backoff.max.ms": 500}
"""Look for a broker that was away every half second, not every ten."""


class KafkaProcess:
    """One broker over one home. The first start picks a port; later ones take it again."""

    def __init__(self, home: Path, *options: str) -> None:
        self._home = home
        self._options = options
        self._port = "0"
        self._process: subprocess.Popen[str] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def log_path(self) -> Path:
        return self._home.with_suffix(".log")

    def start(self) -> "KafkaProcess":
        command = [sys.executable, "-m", "livestreamx.stack.kafka", "--home", str(self._home), "--port", self._port]
        with self.log_path.open("a") as log:
            self._process = subprocess.Popen(
                [*command, *self._options], stdout=subprocess.PIPE, stderr=log, text=True, env=dict(os.environ)
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("ready "):
            self.kill()
            raise RuntimeError(self.log_path.read_text())
        self._port = line.rsplit(":", 1)[1].strip()
        return self

    def kill(self) -> None:
        """kill -9"""
        assert self._process is not None
        self._process.kill()
        self._reap()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._reap()

    def _reap(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        code = self._process.wait(60)
        self._process.stdout.close()
        self._process = None
        return code

    @contextmanager
    def running(self) -> Iterator["KafkaProcess"]:
        self.start()
        try:
            yield self
        finally:
            if self._process is not None:
                self.kill()


class Acknowledged:
    """Collects delivery reports of a producer."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.errors: list[KafkaError] = []

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.messages.append(message)
        else:
            self.errors.append(error)


def make_producer(bootstrap: str, **settings: object) -> Producer:
    return Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 2, **SOON, **settings})


@contextmanager
def consuming(bootstrap: str, group: str, **settings: object) -> Iterator[Consumer]:
    """A consumer from the beginning that commits only when told to, closed at the end."""
    fixed: dict[str, object] = {"auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, **SOON, **fixed, **settings})
    try:
        yield consumer
    finally:
        consumer.close()


def collect(consumer: Consumer, count: int, seconds: float = 60.0) -> list[Message]:
    """Exactly `count` messages, or an assertion error after `seconds`."""
    messages: list[Message] = []
    deadline = time.monotonic() + seconds
    while len(messages) < count and time.monotonic() < deadline:
        batch = consumer.consume(count - len(messages), 0.1)
        for message in batch:
            assert message.error() is None, message.error()
        messages += batch
    assert len(messages) == count, f"{len(messages)} of {count} messages after {seconds} s"
    return messages


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Poll until the condition holds; assertion error after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)

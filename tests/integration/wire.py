"""A wire to a real server that a test can cut: what its clients see when it hangs, breaks or leads elsewhere."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self


class Wire:
    """Forwards a local port to a target. While hanging, it takes connections and bytes but delivers none."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._flows, self._answers = asyncio.Event(), asyncio.Event()
        self._flows.set()
        self._answers.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = self.accepted = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self.cut()

    def hang(self) -> None:
        self._flows.clear()

    def lose_answers(self) -> None:
        """What clients send arrives; what the target says does not."""
        self._answers.clear()

    def mend(self) -> None:
        self._flows.set()
        self._answers.set()

    def lead_to(self, port: int) -> None:
        """New connections go to another port of the same host."""
        self._target = (self._target[0], port)

    async def cut(self) -> None:
        """Break every connection, losing what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.accepted += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(
                self._pipe(reader, far_writer, self._flows), self._pipe(far_reader, writer, self._flows, self._answers)
            )

    async def _pipe(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *gates: asyncio.Event) -> None:
        try:
            while data := await source.read(65536):
                for gate in gates:
                    await gate.wait()
                target.write(data)
                await target.drain()
        finally:
            target.close()

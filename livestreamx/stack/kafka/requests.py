"""What passes between a connection and the handlers of API calls."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from livestreamx.stack.kafka.protocol import ApiKey
from livestreamx.stack.kafka.wire import Reader, Writer


class Request(NamedTuple):
    """One call: its body to read, in the encoding of `version`, and who sent it."""

    version: int
    body: Reader
    client_id: str
    client_host: str


class Reply(NamedTuple):
    """The answer's body, and the commit that must be durable before it may be sent."""

    body: Writer
    durable: asyncio.Event | None = None


Handler = Callable[[Request], Awaitable[Reply | None]]  # None: the client wants no answer
Handlers = dict[ApiKey, Handler]

"""`GET /ws` and its views: Litestar routes and accepts, then the gateway has the connection.

What is wrong with the address is said on the accepted socket (an error frame, then a close code): browsers show
scripts nothing of a refused handshake.
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import WebSocket, websocket
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency

from livestreamx.clock import uuid7
from livestreamx.errors import DomainError, Invalid, NotFound
from livestreamx.frames import PUBLIC_CHANNELS, Resume
from realtime.codec import Codec
from realtime.gateway import Gateway
from realtime.session import OVERLAY, STUDIO, Visitor, as_refusal
from realtime.transport import take_over
from realtime.wire import Close

VIEWS: dict[str, frozenset[str]] = {
    "/ws": PUBLIC_CHANNELS,
    "/ws/chat": frozenset({"chat"}),
    "/ws/gifts": frozenset({"gifts"}),
    "/ws/polls": frozenset({"polls"}),
    "/ws/mood": frozenset({"mood"}),
    OVERLAY: frozenset({"overlay", "gifts", "mood", "polls", "stream", "chat"}),
    STUDIO: PUBLIC_CHANNELS,
}
"""What each address shows; `?channels=` narrows it further."""
ANON_COOKIE = "lsx_viewer"
ANON_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
ANON_SECONDS = 365 * 24 * 3600

Socket = WebSocket[object, object, State]


class Wanted(msgspec.Struct, frozen=True):
    """What the address asks for; `channels` is None for all of them."""

    stream: UUID
    channels: frozenset[str] | None
    place: Resume | None


@lru_cache(maxsize=512)
def shown_channels(path: str, asked: frozenset[str]) -> frozenset[str] | None:
    """The channels of a view, narrowed to those asked for if any; None for all. Viewers alike share one set."""
    shown = VIEWS[path] & asked if asked else VIEWS[path]
    return None if shown == PUBLIC_CHANNELS else shown


def read_address(path: str, query: dict[str, str]) -> Wanted:
    """The address' meaning; `Invalid` names the parameter that does not fit."""
    try:
        stream = UUID(query.get("stream", ""))
    except ValueError as error:
        raise Invalid("stream: the id of a stream") from error
    asked = frozenset(name for name in query.get("channels", "").split(",") if name)
    if unknown := asked - PUBLIC_CHANNELS:
        raise Invalid(f"channels: there is no {', '.join(sorted(unknown))}; take some of {sorted(PUBLIC_CHANNELS)}")
    channels = shown_channels(path, asked)
    if "epoch" not in query and "seq" not in query:
        return Wanted(stream, channels, None)
    try:
        place = msgspec.convert({"epoch": query.get("epoch"), "seq": query.get("seq")}, Resume, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid("epoch, seq: of the last frame that you have") from error
    return Wanted(stream, channels, place)


def read_visitor(socket: Socket) -> Visitor:
    """Who connects, as far as the handshake says."""
    given = socket.cookies.get(ANON_COOKIE, "")
    agent = socket.headers.get("user-agent", "")
    return Visitor(
        anon_id=given if ANON_ID.fullmatch(given) else uuid7().hex,
        device="" if not agent else "mobile" if "Mobi" in agent else "desktop",
        referrer=(urlsplit(socket.headers.get("origin", "")).hostname or "")[:100],
    )


class Deaf:
    """Listens to a connection that is being closed."""

    def receive(self, message: bytes, binary: bool) -> None:
        """Nothing is answered any more."""

    def lost(self) -> None:
        """Nothing was held for it."""


def refuse(socket: Socket, codec: Codec, error: DomainError) -> None:
    """Say on an accepted socket why it ends."""
    code = {NotFound.status: Close.NO_SUCH_STREAM, Invalid.status: Close.BAD_REQUEST}.get(error.status, Close.TRY_LATER)
    connection = take_over(socket.scope, Deaf())
    connection.send(codec.refusal(None, error))
    connection.close(code, error.detail)


@websocket(list(VIEWS))
async def enter_room(socket: Socket, gateway: NamedDependency[Gateway]) -> None:
    """A viewer, an overlay or a dashboard enters the room of a stream."""
    codec, subprotocol = gateway.codecs.choose(socket.scope["subprotocols"])
    visitor = read_visitor(socket)
    cookie = Cookie(key=ANON_COOKIE, value=visitor.anon_id, max_age=ANON_SECONDS, httponly=True, samesite="lax")
    headers = {} if socket.cookies.get(ANON_COOKIE) == visitor.anon_id else {"set-cookie": cookie.to_header(header="")}
    try:
        path = socket.scope["path"].rstrip("/")
        wanted = read_address(path, dict(socket.query_params))
        room = await gateway.enter(wanted.stream)
    except Exception as error:
        await socket.accept(subprotocols=subprotocol, headers=headers)
        refuse(socket, codec, as_refusal(error))
        return
    session = gateway.session(room, codec, wanted.channels, visitor, view=path)
    await socket.accept(subprotocols=subprotocol, headers=headers)
    # No await from here on: what the client sends now must find its connection.
    gateway.begin(session, take_over(socket.scope, session), wanted.place)

"""What the four have in common: an act leads from one state to another, or is refused."""

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

import msgspec

from domain.accounts.tokens import Claims
from domain.moderation.service import require_welcome
from domain.streams import service as streams
from domain.streams.model import Stream
from livestreamx.engines.postgres import Db
from livestreamx.errors import Conflict

Act = TypeVar("Act", bound=str)


class Move(msgspec.Struct, frozen=True):
    """What an act turns something from, and into."""

    sources: frozenset[str]
    target: str


def move(moves: Mapping[Act, Move], state: str, act: Act) -> str:
    """The state after an act; `Conflict` with code `illegal_transition` when the act is not for this state."""
    found = moves[act]
    if state not in found.sources:
        raise Conflict(f"What is {state} cannot {act}", code="illegal_transition", state=state)
    return found.target


def require_live(stream: Stream) -> None:
    """`Conflict` with code `not_live` unless the stream is on air."""
    if stream.status != "live":
        raise Conflict("The stream is not live", code="not_live")


async def find_open(db: Db, stream_id: UUID, claims: Claims) -> Stream:
    """A live stream that this person may take part in; `NotFound`, `Conflict` `not_live`, `Banned`."""
    stream = await streams.find_visible(db, stream_id, claims)
    require_live(stream)
    await require_welcome(db, claims.sub, stream.creator_id)
    return stream

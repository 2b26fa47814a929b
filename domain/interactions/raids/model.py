"""What a raid is, and how it moves."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.interactions.lifecycle import Move
from livestreamx.errors import Conflict, Invalid, NotFound

State = Literal["pending", "launched", "cancelled"]
Act = Literal["launch", "cancel"]

WINDOW_SECONDS = 10
"""How long a raid can be called off."""

MOVES: dict[Act, Move] = {
    "launch": Move(frozenset({"pending"}), "launched"),
    "cancel": Move(frozenset({"pending"}), "cancelled"),
}


class Raid(msgspec.Struct, frozen=True, kw_only=True):
    """A raid from one stream to another; `handle` and `target_handle` are their creators."""

    id: UUID
    stream_id: UUID
    creator_id: UUID
    handle: str
    target_id: UUID
    target_creator_id: UUID
    target_handle: str
    target_title: str
    state: State
    started_by: UUID
    started_at: datetime
    goes_at: datetime
    is_live: bool
    is_target_live: bool


class NoRaid(NotFound):
    code, title = "raid_not_found", "No raid is waiting to leave"


class RaidPending(Conflict):
    code, title = "raid_pending", "A raid is about to leave already"


class RaidRefused(Conflict):
    code, title = "raid_refused", "That creator does not want to be raided"


class SameStream(Invalid):
    code, title = "same_stream", "A stream cannot raid itself"

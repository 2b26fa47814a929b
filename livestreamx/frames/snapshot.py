"""What brings a client into step with a room."""

from typing import Any

import msgspec

from livestreamx.frames.chat import ChatShown
from livestreamx.frames.gifts import MinigameStart, SceneState
from livestreamx.frames.room import MoodState, StreamState


class RoomState(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot a newcomer gets; the next sequenced frame is `seq + 1`."""

    epoch: str
    seq: int
    stream: StreamState | None
    mood: MoodState | None
    poll: Any | None
    challenge: Any | None
    scene: SceneState | None
    minigame: MinigameStart | None
    viewers: int
    chat: tuple[ChatShown, ...]
    """Recent messages, oldest first."""


class ResumeTruncated(msgspec.Struct, frozen=True, kw_only=True):
    """The gap is older than the history; a fresh `room:state` follows."""

    epoch: str
    seq: int

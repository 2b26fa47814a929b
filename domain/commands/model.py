"""What a gift may make the show do: the registry of typed actions, their arguments and the keys they may name."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec

from livestreamx.errors import Conflict, Invalid, TooMany

Action = Literal[
    "overlay.play", "scene.background", "scene.filter", "minigame.start", "challenge.progress", "sound.play", "tts.say"
]
ACTIONS: tuple[Action, ...] = get_args(Action)
State = Literal["queued", "running", "done", "rejected", "expired"]
Pace = Literal["at_once", "in_turn", "cooled"]
"""Without waiting, however many; one after the other in a stream; or also once in `COOLDOWN_SECONDS` only."""

Theme = Literal["plain", "neon", "sunset", "forest", "arcade"]
Filter = Literal["none", "noir", "sepia", "vivid", "dream", "cold"]
Background = Literal["none", "aurora", "city", "ocean", "space", "meadow"]
StageEffect = Literal["confetti", "crown", "fireworks", "hearts", "snow"]
Sound = Literal["chime", "drumroll", "fanfare", "liftoff", "boing"]
Game = Literal["wheel", "boss", "tug"]
Side = Literal["hype", "joy", "love", "surprise", "sad", "angry", "calm"]

MOST_WAITING = 20
COOLDOWN_SECONDS = 30
"""Between two starts of one action in one stream."""
EXPIRY_SECONDS = 30
LONGEST_MS = 15_000
MOST_SPOKEN = 120
MOST_OVER_A_SHOW = 5


class Args(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of an action's arguments: what is not named here is refused."""


class PlayOverlay(Args, frozen=True, kw_only=True, forbid_unknown_fields=True):
    overlay: StageEffect


class SetBackground(Args, frozen=True, kw_only=True, forbid_unknown_fields=True):
    background: Background


class SetFilter(Args, frozen=True, kw_only=True, forbid_unknown_fields=True):
    filter: Filter


class StartGame(Args, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`hp` is the strength of a boss; `left` and `right` are the moods that pull in a tug."""

    game: Game
    hp: Annotated[int, msgspec.Meta(ge=10, le=10_000)] = 50
    left: Side = "hype"
    right: Side = "love"


class AddProgress(Args, frozen=True, kw_only=True, forbid_unknown_fields=True):
    points: Annotated[int, msgspec.Meta(ge=1, le=100)]


class PlaySound(Args, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sound: Sound


class Speak(Args, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_SPOKEN)]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the registry; `on` is what a channel does that has not said otherwise."""

    args: type[Args]
    shown_ms: int
    pace: Pace = "cooled"
    on: bool = True


REGISTRY: dict[Action, Kind] = {
    "overlay.play": Kind(args=PlayOverlay, shown_ms=8_000, pace="at_once"),
    "scene.background": Kind(args=SetBackground, shown_ms=5_000),
    "scene.filter": Kind(args=SetFilter, shown_ms=5_000),
    "minigame.start": Kind(args=StartGame, shown_ms=5_000),
    "challenge.progress": Kind(args=AddProgress, shown_ms=1_100, pace="in_turn"),
    "sound.play": Kind(args=PlaySound, shown_ms=5_000, pace="at_once"),
    "tts.say": Kind(args=Speak, shown_ms=12_000, on=False),
}


def paced(pace: Pace) -> list[Action]:
    """The actions that go at a pace."""
    return [action for action, kind in REGISTRY.items() if kind.pace == pace]


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """How a stream looks; `overlays` (effects, and overlays of its creator's) lie over it until they are taken away.

    The creator's own picture lies behind the background of the list.
    """

    theme: Theme = "plain"
    filter: Filter = "none"
    background: Background = "none"
    overlays: Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_OVER_A_SHOW)] = ()
    background_asset_id: UUID | None = None


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What one gift asked for; `id` is the gift's."""

    id: UUID
    stream_id: UUID
    creator_id: UUID
    sender_id: UUID
    handle: str
    action: Action
    args: dict[str, Any]
    state: State
    request_id: str
    queued_at: datetime
    expires_at: datetime
    started_at: datetime | None
    ends_at: datetime | None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at before a command is charged; `switched` is None where the creator has not said."""

    creator_id: UUID
    switched: bool | None
    playing: str | None
    """The mini-game that is on."""
    challenged: bool
    """Whether a challenge is on."""


class CommandNotAllowed(Invalid):
    code, title = "command_not_allowed", "This channel does not take that command"


class CommandInvalid(Invalid):
    """Carries `field`, the path of the argument that does not fit."""

    code, title = "command_invalid", "The command's arguments do not fit"


class QueueFull(Conflict):
    code, title = "command_queue_full", "Too many commands are waiting in this stream"


class CommandCooling(TooMany):
    """It could not play in time; `retryAfterMs` says when it would be taken."""

    code, title = "command_cooling", "This has just played or waits already"

"""Every websocket frame, both directions, by name: the Struct of its `data`, its channel and who may send it.

A client frame is `{"event","id","data"}`, a server frame `{"event","seq","ts","data"}`; private frames carry no `seq`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from livestreamx.events import Mood

Channel = Literal["chat", "gifts", "mood", "polls", "overlay", "viewers", "stream", "leaderboard", "private"]
PUBLIC_CHANNELS: frozenset[str] = frozenset(
    {"chat", "gifts", "mood", "polls", "overlay", "viewers", "stream", "leaderboard"}
)
Sender = Literal["anyone", "viewer", "moderator"]

# subprotocols
JSON = "livestreamx.v1.json"
MSGPACK = "livestreamx.v1.msgpack"


class ClientFrame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client sends; `data` is decoded once `event` has named its type."""

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    id: Annotated[str, msgspec.Meta(max_length=64)] | Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the data of client frames."""


# client -> server


class Auth(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class Resume(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    epoch: Annotated[str, msgspec.Meta(max_length=64)] | None
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Heartbeat(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    focus: bool = True


class Say(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    replyTo: UUID | None = None


class SendGift(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    qty: Annotated[int, msgspec.Meta(ge=1, le=99)] = 1
    comboId: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    idempotencyKey: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None
    args: dict[str, str | int] | None = None
    """For a gift that acts: what its action takes, besides the catalogue's defaults."""


class OverlayTest(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test alert on one's own overlays; nothing is charged or counted."""


class React(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mood: Mood


# server -> client


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """An author as the room sees them."""

    id: UUID
    handle: str
    level: int = 1
    badges: tuple[str, ...] = ()


class ChatShown(msgspec.Struct, frozen=True, kw_only=True):
    messageId: UUID
    user: Person
    text: str
    createdAt: datetime
    replyTo: UUID | None = None


class ChatMode(msgspec.Struct, frozen=True, kw_only=True):
    """Until `until`, each viewer may write once in `slowSeconds`; moderators are exempt."""

    slowSeconds: int
    until: datetime
    reason: Literal["flood"] = "flood"


class GiftReceived(msgspec.Struct, frozen=True, kw_only=True):
    giftEventId: UUID
    user: Person
    code: str
    name: str
    qty: int
    tokens: int
    rarity: str
    animationKey: str
    createdAt: datetime
    comboId: str | None = None
    comboCount: int = 1
    comboFinal: bool = True


class SceneState(msgspec.Struct, frozen=True, kw_only=True):
    """How a stream looks; every name is one of a fixed list."""

    theme: str
    filter: str
    background: str
    overlays: tuple[str, ...]


class OverlayTrigger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to play on screen, built by the server only; `durationMs` <= 15000, 0 where there is nothing to play.

    `kind` is `gift`, `test`, `scene`, an action such as `overlay.play`, or what became of a command that `commandId`
    names: `command.queued`, `command.done`, `command.rejected`, `command.expired`.
    """

    kind: str
    animationKey: str
    actor: str
    text: str
    durationMs: Annotated[int, msgspec.Meta(ge=0, le=15000)]
    commandId: UUID | None = None
    scene: SceneState | None = None
    """Of a `scene`: what the stream looks like from now on."""


class MinigameStart(msgspec.Struct, frozen=True, kw_only=True):
    """A game is on; `seedHash` binds the server to its draw. `choices` are what a wheel may stop at, by weight."""

    gameId: UUID
    game: str
    actor: str
    seedHash: str
    endsAt: datetime
    hp: int = 0
    sides: tuple[str, ...] = ()
    choices: dict[str, int] = {}


class MinigameUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """How a boss (`hp` left) or a tug (points by side) stands; once a second."""

    gameId: UUID
    game: str
    hp: int
    sides: dict[str, int]
    players: int
    asOf: datetime


class MinigameEnd(msgspec.Struct, frozen=True, kw_only=True):
    """A game is over: `resolved` with a winner, or `expired`. The proof lies at `GET /api/minigames/{gameId}`."""

    gameId: UUID
    game: str
    state: str
    seedHash: str
    seed: str
    outcome: str
    winner: str
    xp: int
    badge: str


class MoodState(msgspec.Struct, frozen=True, kw_only=True):
    """`mood` is one of the seven or `neutral`; `shares` sum to 1 or are empty."""

    mood: str
    intensity: float
    shares: dict[str, float]
    reactors: int
    since: datetime
    asOf: datetime


class ViewerCount(msgspec.Struct, frozen=True, kw_only=True):
    viewers: int
    asOf: datetime


class StreamState(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    creatorId: UUID
    creator: str
    title: str
    category: str
    status: str
    startedAt: datetime | None = None
    endedAt: datetime | None = None


class LeaderboardRow(msgspec.Struct, frozen=True, kw_only=True):
    rank: int
    userId: UUID
    handle: str
    score: int
    level: int = 1
    avatarUrl: str | None = None


class LeaderboardUpdate(msgspec.Struct, frozen=True, kw_only=True):
    board: str
    scope: str
    refId: str
    items: tuple[LeaderboardRow, ...]
    asOf: datetime


class WalletBalance(msgspec.Struct, frozen=True, kw_only=True):
    tokens: int
    paid: int
    bonus: int


class LevelUp(msgspec.Struct, frozen=True, kw_only=True):
    userId: UUID
    level: int
    xp: int


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


class AuthExpired(msgspec.Struct, frozen=True, kw_only=True):
    """The access token ran out: the socket only reads until `auth` comes again."""

    message: str


class ClientFrameType(msgspec.Struct, frozen=True):
    data: type[Request]
    sender: Sender
    channel: Channel


class ServerFrameType(msgspec.Struct, frozen=True):
    data: type[msgspec.Struct]
    channel: Channel


CLIENT_FRAMES: dict[str, ClientFrameType] = {
    "auth": ClientFrameType(Auth, "anyone", "private"),
    "resume": ClientFrameType(Resume, "anyone", "private"),
    "viewer:heartbeat": ClientFrameType(Heartbeat, "anyone", "viewers"),
    "chat:message": ClientFrameType(Say, "viewer", "chat"),
    "gift:send": ClientFrameType(SendGift, "viewer", "gifts"),
    "mood:react": ClientFrameType(React, "viewer", "mood"),
    "overlay:test": ClientFrameType(OverlayTest, "moderator", "overlay"),
}

SERVER_FRAMES: dict[str, ServerFrameType] = {
    "room:state": ServerFrameType(RoomState, "private"),
    "resume:truncated": ServerFrameType(ResumeTruncated, "private"),
    "auth:expired": ServerFrameType(AuthExpired, "private"),
    "wallet:balance": ServerFrameType(WalletBalance, "private"),
    "chat:message": ServerFrameType(ChatShown, "chat"),
    "chat:mode": ServerFrameType(ChatMode, "chat"),
    "gift:received": ServerFrameType(GiftReceived, "gifts"),
    "overlay:trigger": ServerFrameType(OverlayTrigger, "overlay"),
    "minigame:start": ServerFrameType(MinigameStart, "overlay"),
    "minigame:update": ServerFrameType(MinigameUpdate, "overlay"),
    "minigame:end": ServerFrameType(MinigameEnd, "overlay"),
    "mood:state": ServerFrameType(MoodState, "mood"),
    "viewer:count": ServerFrameType(ViewerCount, "viewers"),
    "stream:state": ServerFrameType(StreamState, "stream"),
    "leaderboard:update": ServerFrameType(LeaderboardUpdate, "leaderboard"),
    "level:up": ServerFrameType(LevelUp, "leaderboard"),
}

SERVER_ONLY: frozenset[str] = frozenset(SERVER_FRAMES) - frozenset(CLIENT_FRAMES) | frozenset(
    """challenge:update poll:update badge:earned segment:start segment:end
    moment:detected chat:deleted chat:pinned notify:new ack error""".split()
)
"""Names that a client may not send: what the server sends today, and the names kept for it."""

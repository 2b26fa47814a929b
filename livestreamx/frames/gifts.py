"""Gifts, balances, and what gifts set off on screen."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from livestreamx.frames.room import Person
from livestreamx.layers import Layer


class GiftReceived(msgspec.Struct, frozen=True, kw_only=True):
    """A gift, once; money counts each `giftEventId` once.

    Gifts of a combo are not final: 5 s after the last one, or as soon as its sender begins another, the last one comes
    once more with `comboFinal` true. That frame only ends the streak; a gift without `comboId` is final at once.
    """

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


class WalletBalance(msgspec.Struct, frozen=True, kw_only=True):
    tokens: int
    paid: int
    bonus: int


class SceneState(msgspec.Struct, frozen=True, kw_only=True):
    """How a stream looks; every name is one of a fixed list. `overlays` are effects that drift by now and then.

    `layers` is what its creator has laid over it, the lowest first, `backgroundUrl` their own picture behind it.
    """

    theme: str
    filter: str
    background: str
    overlays: tuple[str, ...]
    backgroundUrl: str = ""
    layers: tuple[Layer, ...] = ()


class OverlayTrigger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to play on screen, built by the server only; `durationMs` <= 15000, 0 where there is nothing to play.

    `kind` is `gift`, `test`, `scene`, `sub.started`, `sub.renewed`, `sub.gifted`, an action such as `overlay.play`, or
    what became of a command that `commandId` names: `command.queued`, `command.done`, `command.rejected`,
    `command.expired`. `text` is escaped as for HTML (`&lt;` for `<`), unlike every other text.
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
    choices: dict[str, int] = msgspec.field(default_factory=dict)


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

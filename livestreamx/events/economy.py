"""What moves tokens or is bought with them: gifts, purchases, commands, mini-games. Recorded acts, from the outbox."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import msgspec

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.layers import Layer
from livestreamx.topics import Topic

Tokens = Annotated[int, msgspec.Meta(description="whole tokens")]


class GiftSent(Event, frozen=True, kw_only=True, tag="gift.sent"):
    """A gift was charged; `tokens = paid + bonus`. Money counts each `gift_event_id` once, never a combo's frames."""

    topic: ClassVar[Topic] = topics.ECONOMY
    gift_event_id: UUID
    code: str
    name: str = ""
    qty: int
    tokens: Tokens
    paid: Tokens
    bonus: Tokens
    handle: str
    rarity: str = "common"
    animation_key: str = ""
    command: str | None = None
    combo_id: str | None = None
    combo_count: int = 1


class GiftRefunded(Event, frozen=True, kw_only=True, tag="gift.refunded"):
    """A gift was taken back: its tokens are with the sender again, and what it gave others is reversed."""

    topic: ClassVar[Topic] = topics.ECONOMY
    gift_event_id: UUID
    code: str
    qty: int
    tokens: Tokens
    paid: Tokens
    bonus: Tokens
    sent_at: datetime
    """When the gift was sent: its boards and its day's experience are those of that moment."""
    reason: str

    @property
    def counts_at(self) -> datetime:
        return self.sent_at


class GiftClawback(Event, frozen=True, kw_only=True, tag="gift.clawback"):
    """A lost dispute took back paid tokens of a gift, or put them back as it was won after all.

    What a gift counts is its tokens less what is `gone` in all; the actor is its sender.
    """

    topic: ClassVar[Topic] = topics.ECONOMY
    gift_event_id: UUID
    code: str
    tokens: Tokens
    change: Literal["taken", "put_back"]
    sent_at: datetime
    """When the gift was sent: its boards and its day's experience are those of that moment."""

    @property
    def gone(self) -> int:
        """Tokens that count no more; below zero those that count again."""
        return self.tokens if self.change == "taken" else -self.tokens

    @property
    def counts_at(self) -> datetime:
        return self.sent_at


class PackPurchased(Event, frozen=True, kw_only=True, tag="pack.purchased"):
    """An exclusive pack was bought with tokens; its items are in the buyer's inventory."""

    topic: ClassVar[Topic] = topics.ECONOMY
    purchase_id: UUID
    pack_id: UUID
    tokens: Tokens


class TokensGranted(Event, frozen=True, kw_only=True, tag="tokens.granted"):
    """Tokens came into a wallet: sign-up, top-up, level-up or purchase."""

    topic: ClassVar[Topic] = topics.ECONOMY
    tokens: Tokens
    bucket: Literal["paid", "bonus"]
    reason: str


class TokensReversed(Event, frozen=True, kw_only=True, tag="tokens.reversed"):
    """Bought tokens were taken back, from the wallet or as a debt: their payment was refunded or lost in a dispute."""

    topic: ClassVar[Topic] = topics.ECONOMY
    tokens: Tokens
    bucket: Literal["paid", "bonus"]
    reason: Literal["refund", "dispute"]


class FraudFlagged(Event, frozen=True, kw_only=True, tag="fraud.flagged"):
    """Somebody is shown to the admins; `subject` is the payment, card or person that it is about."""

    topic: ClassVar[Topic] = topics.ECONOMY
    flag_id: UUID
    kind: str
    subject: str


class WalletLocked(Event, frozen=True, kw_only=True, tag="wallet.locked"):
    """An admin, the actor, keeps the wallet of `target_id` from spending."""

    topic: ClassVar[Topic] = topics.ECONOMY
    target_id: UUID
    reason: str


class WalletUnlocked(Event, frozen=True, kw_only=True, tag="wallet.unlocked"):
    """An admin, the actor, lets the wallet of `target_id` spend again."""

    topic: ClassVar[Topic] = topics.ECONOMY
    target_id: UUID


class CommandEvent(Event, frozen=True, kw_only=True):
    """What became of what a gift asked for; the actor is its sender, `command_id` the gift's own id."""

    topic: ClassVar[Topic] = topics.ECONOMY
    command_id: UUID
    action: str
    handle: str
    args: dict[str, str | int] = msgspec.field(default_factory=dict)


class CommandQueued(CommandEvent, frozen=True, kw_only=True, tag="command.queued"):
    """A gift was charged and waits for its turn on screen."""


class CommandStarted(CommandEvent, frozen=True, kw_only=True, tag="command.started"):
    """It plays for `duration_ms` from now on."""

    duration_ms: int
    waited_ms: int


class CommandDone(CommandEvent, frozen=True, kw_only=True, tag="command.done"):
    """It has played."""

    waited_ms: int


class CommandRejected(CommandEvent, frozen=True, kw_only=True, tag="command.rejected"):
    """It could not play when its turn came; the gift is refunded."""

    reason: str


class CommandExpired(CommandEvent, frozen=True, kw_only=True, tag="command.expired"):
    """Its turn did not come in time; the gift is refunded."""


class SceneChanged(Event, frozen=True, kw_only=True, tag="scene.changed"):
    """How a stream looks from now on, and who made it so; `layers` is what its creator laid over it, lowest first."""

    topic: ClassVar[Topic] = topics.ECONOMY
    handle: str
    theme: str
    filter: str
    background: str
    overlays: tuple[str, ...] = ()
    background_url: str = ""
    layers: tuple[Layer, ...] = ()


class MinigameStarted(Event, frozen=True, kw_only=True, tag="minigame.started"):
    """A game began: its seed is fixed, `seed_hash` proves that later; the actor started it."""

    topic: ClassVar[Topic] = topics.ECONOMY
    game_id: UUID
    game: str
    handle: str
    seed_hash: str
    ends_at: datetime
    hp: int = 0
    sides: tuple[str, ...] = ()
    choices: dict[str, int] = msgspec.field(default_factory=dict)
    """What may be drawn and its weight, where that is known from the start."""


class MinigameEnded(Event, frozen=True, kw_only=True, tag="minigame.ended"):
    """A game is over, and its draw can be checked; the actor is the winner, if there is one.

    The whole proof, with the inputs of the draw, lies at `GET /api/minigames/{id}`.
    """

    topic: ClassVar[Topic] = topics.ECONOMY
    game_id: UUID
    game: str
    state: Literal["resolved", "expired"]
    seed_hash: str
    seed: str
    outcome: str = ""
    handle: str = ""
    xp: int = 0
    badge: str = ""

"""Every Kafka event: a tagged union of frozen Structs, encoded as one flat JSON object.

Additive changes only: a new field has a default; a change of meaning is a new type. `docs/events.md` is made from here.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, get_args
from uuid import UUID

import msgspec

from livestreamx import topics
from livestreamx.clock import now, uuid7
from livestreamx.topics import Topic

Mood = Literal["hype", "joy", "love", "surprise", "sad", "angry", "calm"]
MOODS: tuple[Mood, ...] = get_args(Mood)
Tokens = Annotated[int, msgspec.Meta(description="whole tokens")]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The envelope that every event carries.

    `occurred_at` is the server's clock; the actor is `user_id`, or `anon_id` for a reader without an account.
    """

    topic: ClassVar[Topic]

    event_id: UUID = msgspec.field(default_factory=uuid7)
    occurred_at: datetime = msgspec.field(default_factory=now)
    stream_id: UUID | None = None
    creator_id: UUID | None = None
    user_id: UUID | None = None
    anon_id: str | None = None
    session_id: str | None = None
    """One connection of one viewer; heartbeats of a session add up to minutes watched."""

    @property
    def key(self) -> str:
        """The partition key: the stream, else the creator, else the user."""
        return str(self.stream_id or self.creator_id or self.user_id or self.event_id)

    @property
    def counts_at(self) -> datetime:
        """The moment whose boards, minutes and days it counts for."""
        return self.occurred_at


# interactions


class ViewerJoined(Event, frozen=True, kw_only=True, tag="viewer.joined"):
    """A viewer's socket entered the room of a stream."""

    topic: ClassVar[Topic] = topics.INTERACTIONS
    device: str = ""
    referrer: str = ""


class ViewerHeartbeat(Event, frozen=True, kw_only=True, tag="viewer.heartbeat"):
    """The viewer is still there; sent every 15 s, `focus` when the page is in the foreground."""

    topic: ClassVar[Topic] = topics.INTERACTIONS
    focus: bool = True
    source: Literal["live", "segment"] = "live"


class ViewerLeft(Event, frozen=True, kw_only=True, tag="viewer.left"):
    """The viewer's socket closed."""

    topic: ClassVar[Topic] = topics.INTERACTIONS
    watched_ms: int = 0


class ChatMessage(Event, frozen=True, kw_only=True, tag="chat.message"):
    """A chat message that was accepted and shown."""

    topic: ClassVar[Topic] = topics.INTERACTIONS
    message_id: UUID
    handle: str
    text: str
    length: int
    lang: str = ""
    reply_to: UUID | None = None
    accepted: bool = True


class ChatDeleted(Event, frozen=True, kw_only=True, tag="chat.deleted"):
    """A moderator took a message back."""

    topic: ClassVar[Topic] = topics.INTERACTIONS
    message_id: UUID
    reason: str = ""


class ReactionSent(Event, frozen=True, kw_only=True, tag="reaction.sent"):
    """One tap on the mood wheel."""

    topic: ClassVar[Topic] = topics.INTERACTIONS
    mood: Mood


# economy


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


class CommandEvent(Event, frozen=True, kw_only=True):
    """What became of what a gift asked for; the actor is its sender, `command_id` the gift's own id."""

    topic: ClassVar[Topic] = topics.ECONOMY
    command_id: UUID
    action: str
    handle: str
    args: dict[str, str | int] = {}


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
    """How a stream looks from now on, and who made it so."""

    topic: ClassVar[Topic] = topics.ECONOMY
    handle: str
    theme: str
    filter: str
    background: str
    overlays: tuple[str, ...] = ()


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
    choices: dict[str, int] = {}
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


# lifecycle


class UserRegistered(Event, frozen=True, kw_only=True, tag="user.registered"):
    """A person made an account."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    handle: str


class CreatorEnrolled(Event, frozen=True, kw_only=True, tag="creator.enrolled"):
    """A person took the creator's role."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    handle: str


class StreamEvent(Event, frozen=True, kw_only=True):
    """What a stream is after the transition; enough to show it without asking anybody."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    title: str
    creator: str
    """The creator's handle."""
    category: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    mature: bool = False
    visibility: str = "public"
    started_at: datetime | None = None
    ended_at: datetime | None = None


class StreamScheduled(StreamEvent, frozen=True, kw_only=True, tag="stream.scheduled"):
    """A stream was announced."""


class StreamStarted(StreamEvent, frozen=True, kw_only=True, tag="stream.started"):
    """A stream went live."""


class StreamEnded(StreamEvent, frozen=True, kw_only=True, tag="stream.ended"):
    """A live stream is over."""

    reason: str = "creator"


class StreamArchived(StreamEvent, frozen=True, kw_only=True, tag="stream.archived"):
    """An ended stream became a recording."""


class StreamCancelled(StreamEvent, frozen=True, kw_only=True, tag="stream.cancelled"):
    """A scheduled stream will not happen."""


class FollowAdded(Event, frozen=True, kw_only=True, tag="follow.added"):
    """A viewer follows a creator."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    source: str = ""


class FollowRemoved(Event, frozen=True, kw_only=True, tag="follow.removed"):
    """A viewer follows a creator no longer."""

    topic: ClassVar[Topic] = topics.LIFECYCLE


# discovery


class RecommendationShown(Event, frozen=True, kw_only=True, tag="rec.impression"):
    """One stream was recommended to one viewer, at `position` (0 first)."""

    topic: ClassVar[Topic] = topics.DISCOVERY
    position: int
    source: str
    model_version: str


class RecommendationClicked(Event, frozen=True, kw_only=True, tag="rec.click"):
    """A recommended stream was opened."""

    topic: ClassVar[Topic] = topics.DISCOVERY
    position: int
    source: str
    model_version: str


# signals


class MoodChanged(Event, frozen=True, kw_only=True, tag="mood.state"):
    """The mood of a stream at the end of one hop, computed by the mood flow.

    `shares` sum to 1 (empty when nobody reacted); `intensity` is the dominant share, 0 to 1.
    """

    topic: ClassVar[Topic] = topics.SIGNALS
    mood: str
    intensity: float
    shares: dict[str, float]
    reactors: int
    since: datetime
    hop_end: datetime


AnyEvent = (
    ViewerJoined | ViewerHeartbeat | ViewerLeft | ChatMessage | ChatDeleted | ReactionSent
    | GiftSent | GiftRefunded | PackPurchased | TokensGranted | TokensReversed | FraudFlagged
    | CommandQueued | CommandStarted | CommandDone | CommandRejected | CommandExpired | SceneChanged
    | MinigameStarted | MinigameEnded
    | UserRegistered | CreatorEnrolled | StreamScheduled | StreamStarted | StreamEnded | StreamArchived
    | StreamCancelled
    | FollowAdded | FollowRemoved
    | RecommendationShown | RecommendationClicked
    | MoodChanged
)  # fmt: skip

EVENTS: tuple[type[Event], ...] = get_args(AnyEvent)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(event: Event) -> bytes:
    """The event as one JSON object."""
    return _encoder.encode(event)


def decode(record: bytes) -> AnyEvent:
    """The event in a record; `msgspec.DecodeError` or `msgspec.ValidationError` says what is wrong with it."""
    return _decoder.decode(record)


def tag_of(event: type[Event]) -> str:
    """The type tag, such as `chat.message`."""
    return str(event.__struct_config__.tag)

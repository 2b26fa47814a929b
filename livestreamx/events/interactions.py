"""What viewers do in a room: presence, chat, reactions. Ephemeral acts, straight from the gateway to Kafka."""

from typing import ClassVar, Literal, get_args
from uuid import UUID

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic

Mood = Literal["hype", "joy", "love", "surprise", "sad", "angry", "calm"]
MOODS: tuple[Mood, ...] = get_args(Mood)


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
    """A moderator, or its author, took a message back: `user_id` did it, and its text rests nowhere any more."""

    topic: ClassVar[Topic] = topics.INTERACTIONS
    message_id: UUID
    reason: str = ""
    author_id: UUID | None = None
    """Null where only the history knows."""


class ChatCleared(Event, frozen=True, kw_only=True, tag="chat.cleared"):
    """A moderator took from view what `target_id`, or with null anybody, had said until then in the stream."""

    topic: ClassVar[Topic] = topics.INTERACTIONS
    target_id: UUID | None = None


class ChatHeld(Event, frozen=True, kw_only=True, tag="chat.held"):
    """A message waits for a moderator, for these reasons; accepted, it becomes a `chat.message` of the same id."""

    topic: ClassVar[Topic] = topics.INTERACTIONS
    message_id: UUID
    length: int
    reasons: tuple[str, ...]


class ReactionSent(Event, frozen=True, kw_only=True, tag="reaction.sent"):
    """One tap on the mood wheel."""

    topic: ClassVar[Topic] = topics.INTERACTIONS
    mood: Mood

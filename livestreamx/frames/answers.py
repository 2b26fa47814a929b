"""What an `ack` carries: the data of the answer to each event that a client sends."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """Accepted; there is nothing more to say."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who the connection speaks for from now on."""

    userId: UUID
    handle: str
    roles: tuple[str, ...]


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the history reached back; if so, `replayed` frames were sent before this ack."""

    recovered: bool
    replayed: int | msgspec.UnsetType = msgspec.UNSET


class ChatAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is there for a message that waits for a moderator."""

    messageId: UUID
    createdAt: datetime
    state: Literal["held"] | msgspec.UnsetType = msgspec.UNSET


class MessageDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it was there."""

    deleted: bool


class ModeSet(msgspec.Struct, frozen=True, kw_only=True):
    """The `version` that the room's `chat:mode` carries."""

    version: int


class GiftCharged(msgspec.Struct, frozen=True, kw_only=True):
    """`balance` is what is left, in tokens."""

    giftEventId: UUID
    balance: int


class PollOpened(msgspec.Struct, frozen=True, kw_only=True):
    """The poll that is on until `endsAt`."""

    pollId: UUID
    endsAt: datetime


class VoteCounted(msgspec.Struct, frozen=True, kw_only=True):
    """The one vote of this person in this poll."""

    pollId: UUID
    choiceId: int


class PollEnded(msgspec.Struct, frozen=True, kw_only=True):
    """`completed` when its time was over already."""

    pollId: UUID
    state: Literal["active", "completed", "terminated"]


class QuestionAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The question, open for votes."""

    questionId: UUID


class QuestionUpvoted(msgspec.Struct, frozen=True, kw_only=True):
    """The question's votes with this one."""

    questionId: UUID
    votes: int


class QuestionClosed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the question."""

    questionId: UUID
    state: Literal["open", "answered", "dismissed", "expired"]


class ChallengeMade(msgspec.Struct, frozen=True, kw_only=True):
    """The challenge and when it runs."""

    challengeId: UUID
    startsAt: datetime
    endsAt: datetime


class ChallengeCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the challenge."""

    challengeId: UUID
    state: Literal["pending", "active", "completed", "failed", "cancelled"]

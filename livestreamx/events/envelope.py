"""The envelope that every event carries."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from livestreamx.clock import now, uuid7
from livestreamx.topics import Topic


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

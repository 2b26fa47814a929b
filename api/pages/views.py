"""What the templates are given: plain Structs, so that no template knows a table."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.streams.model import Stream


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks at the page, as its top bar shows them."""

    id: UUID
    handle: str
    roles: tuple[str, ...]
    tokens: int
    moderates: bool
    """Whether there is a channel where they keep order."""


class StreamCard(msgspec.Struct, frozen=True, kw_only=True):
    """A stream on a shelf; `viewers` and `mood` are of this moment."""

    id: UUID
    creator_id: UUID
    creator: str
    title: str
    category: str
    tags: tuple[str, ...]
    status: str
    mature: bool
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    viewers: int = 0
    mood: str = "neutral"
    pick: "Pick | None" = None


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """Why a stream was recommended, and what a click on it is reported with."""

    position: int
    source: str
    model_version: str
    reasons: tuple[str, ...]


def card_of(stream: Stream, viewers: int = 0, mood: str = "neutral", pick: Pick | None = None) -> StreamCard:
    """A stream as its card."""
    return StreamCard(
        id=stream.id,
        creator_id=stream.creator_id,
        creator=stream.creator,
        title=stream.title,
        category=stream.category,
        tags=stream.tags,
        status=stream.status,
        mature=stream.mature,
        scheduled_at=stream.scheduled_at,
        started_at=stream.started_at,
        ended_at=stream.ended_at,
        viewers=viewers,
        mood=mood,
        pick=pick,
    )


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the wallet's history."""

    at: datetime
    words: str
    bucket: str
    delta: int
    balance_after: int


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A pack that is for sale; `words` is its price for readers without scripts, `saved` in percent."""

    id: str
    tokens: int
    minor: int
    currency: str
    words: str
    saved: int


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as its row and its receipt show it; `credited` are the tokens that were kept."""

    id: UUID
    at: datetime
    paid_at: datetime | None
    tokens: int
    credited: int
    state: str
    state_words: str
    minor: int
    refunded_minor: int
    currency: str
    words: str
    refunded_words: str


class FlagCard(msgspec.Struct, frozen=True, kw_only=True):
    """A flag of abuse, as an admin sees it."""

    id: UUID
    title: str
    handle: str
    subject: str
    evidence: tuple[tuple[str, str], ...]
    wallet_locked: bool
    at: datetime

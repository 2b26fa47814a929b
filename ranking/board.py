"""What is live right now, laid out for scoring: the streams, and what of them does not depend on who looks.

A board never changes: the next look at the platform makes a new one.
"""

from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from features import trend
from features.affinity import NO_BONDS, Bonds
from features.channels import Channels
from features.trend import Trends
from ranking.reasons import FRESH_SECONDS
from ranking.shortlist import Leaders, in_order

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

NOTHING: Mapping[UUID, str] = MappingProxyType({})


class LiveStream(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A live public stream; `acts` is what viewers did in the last minutes, times are seconds since the epoch."""

    id: UUID
    creator_id: UUID
    creator: str
    title: str
    category: str
    tags: tuple[str, ...]
    language: str
    mature: bool
    started: float
    created: float = 0.0
    scheduled: float | None = None
    viewers: int = 0
    acts: int = 0


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: whom they follow, and their bonds, one row for each of `creators`; all by the creators' ids as text."""

    id: UUID
    creators: tuple[str, ...] = ()
    bonds: Bonds = NO_BONDS
    follows: Set[str] = frozenset()
    banned_by: Set[str] = frozenset()


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """What a board takes from its streams, one row each; `creators` holds the row of each creator's stream."""

    creators: dict[str, int]
    viewers: Floats
    acts: Floats
    started: Floats
    mature: Flags

    @classmethod
    def of(cls, streams: Sequence[LiveStream]) -> "Columns":
        """The columns of these streams."""
        return cls(
            creators={str(stream.creator_id): row for row, stream in enumerate(streams)},
            viewers=np.array([stream.viewers for stream in streams], np.float64),
            acts=np.array([stream.acts for stream in streams], np.float64),
            started=np.array([stream.started for stream in streams], np.float64),
            mature=np.array([stream.mature for stream in streams], np.bool_),
        )


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The live streams at the instant `at`, with the columns that do not depend on the viewer."""

    at: float
    streams: tuple[LiveStream, ...]
    creators: dict[str, int]
    """The row of each creator's stream; a creator has one at a time."""
    viewers: Floats
    mature: Flags
    trending: Floats
    """How much is going on: viewers first, what they do second, a little for a fresh start."""
    channels: Channels
    leaders: Leaders
    busiest: Ints
    """All rows by what is going on, most first."""

    @classmethod
    def of(
        cls,
        streams: tuple[LiveStream, ...],
        at: float,
        trends: Trends | None = None,
        columns: Columns | None = None,
    ) -> "Board":
        """A board of these streams; `trends` are their channels', unknown ones by default.

        `columns` are what the streams say, where it is at hand.
        """
        told = columns or Columns.of(streams)
        age = at - told.started
        trending = np.log1p(told.viewers) + 0.5 * np.log1p(told.acts) + 0.2 * np.exp(-age / FRESH_SECONDS)
        trends = trend.unpack([None] * len(streams), at) if trends is None else trends
        channels = Channels.of(trends, age)
        return cls(
            at=at,
            streams=streams,
            creators=told.creators,
            viewers=told.viewers,
            mature=told.mature,
            trending=trending,
            channels=channels,
            leaders=Leaders.of(channels, spare=len(streams)),
            busiest=in_order(trending, len(streams)),
        )

    def allowed(self, viewer: Viewer | None, withdrawn: Mapping[UUID, str] = NOTHING) -> Flags:
        """Which rows this viewer may be shown: neither their own stream nor one they are banned from.

        Nothing mature for the anonymous, and nothing `withdrawn`: streams, by id, of these creators.
        """
        shown = np.ones(len(self.streams), np.bool_) if viewer else ~self.mature
        hidden = (str(viewer.id), *viewer.banned_by) if viewer else ()
        shown[[self.creators[one] for one in hidden if one in self.creators]] = False
        for stream, creator in withdrawn.items():
            row = self.creators.get(creator)
            if row is not None and self.streams[row].id == stream:
                shown[row] = False
        return shown

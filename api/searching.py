"""Finds live streams, creators, categories, recordings and clips: what is live as of this second, the rest a bit later.

The indexes are made in a thread, on request, at most so often; who asks meanwhile is answered from those before.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from api.recommender import Recommender
from domain.profiles import queries as profiles
from domain.profiles.model import Creator
from domain.streams import queries as streams
from domain.streams.model import Stream
from domain.vods import queries as vods
from domain.vods.model import Vod
from livestreamx.engines.postgres import Pool, connection
from ranking.board import Board
from ranking.search import Entry, Found, Reader, SearchIndex
from ranking.vocabulary import Vocabulary

LIVE_SECONDS, REST_SECONDS = 1.0, 2.0
"""How old the index of what is live may be, and that of everything else."""
PAUSE, LONGEST_PAUSE = 20, 60.0
"""An index that took long to make is kept so many times as long, but not longer than this (s)."""
MOST_CREATORS, MOST_RECORDINGS, MOST_VODS = 50_000, 20_000, 20_000

Kind = Literal["stream", "creator", "category", "video", "vods"]


class Category(msgspec.Struct, frozen=True):
    """A category that something live is in."""

    name: str
    live: int
    viewers: int


class LiveHit(msgspec.Struct, frozen=True):
    """A live stream, by its id: what it is by now is asked of the database."""

    stream_id: UUID
    viewers: int


Item = LiveHit | Stream | Creator | Category | Vod


class Hit(msgspec.Struct, frozen=True):
    """Something found; streams and clips are as they are at this moment."""

    kind: Kind
    score: float
    item: Stream | Creator | Category | Vod
    viewers: int = 0


class Shelf:
    """One index, made anew when it is older than `seconds` at least."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due = 0.0
        self._filling = asyncio.Lock()
        self._reader = Reader()
        self._index: SearchIndex[Item] | None = None

    async def index(self, read: Callable[[], Awaitable[list[Entry[Item]]]]) -> SearchIndex[Item]:
        """The index; `read` gives the entries of a new one. Only the first of all has to be waited for."""
        if self._index is None or (time.monotonic() >= self._due and not self._filling.locked()):
            async with self._filling:
                if self._index is None or time.monotonic() >= self._due:
                    began = time.monotonic()
                    entries = await read()
                    self._index = await asyncio.to_thread(SearchIndex, entries, self._reader)
                    ended = time.monotonic()
                    self._due = ended + min(max(self._seconds, (ended - began) * PAUSE), LONGEST_PAUSE)
        return self._index


class Searcher:
    """Answers searches; one a process."""

    def __init__(self, pool: Pool, recommender: Recommender) -> None:
        self._pool, self._recommender = pool, recommender
        self._live, self._rest = Shelf(LIVE_SECONDS), Shelf(REST_SECONDS)

    async def find(self, query: str, kinds: Iterable[Kind], limit: int, *, mature: bool) -> list[Hit]:
        """The best of all kinds asked for, best first; `Unavailable` without a database."""
        board, vocabulary = await self._recommender.board()

        async def live() -> list[Entry[Item]]:
            return live_entries(board, vocabulary)

        async def shelved() -> list[Entry[Item]]:
            return await self._shelved(vocabulary)

        vector = vocabulary.vector(query, query, query.split()) if vocabulary else None
        wanted = set(kinds)
        found = [
            hit
            for index in (await self._live.index(live), await self._rest.index(shelved))
            for hit in index.find(query, limit, kinds=wanted, mature=mature, vector=vector)
        ]
        return await self._resolve(sorted(found, key=lambda hit: -hit.score)[:limit])

    async def _resolve(self, found: Sequence[Found[Item]]) -> list[Hit]:
        """What was found as it is now; streams that are over or hidden by now are left out, and clips that are gone."""
        live = {item.stream_id: item.viewers for one in found if isinstance(item := one.entry.item, LiveHit)}
        ids = [*live, *(item.id for one in found if isinstance(item := one.entry.item, Stream))]
        clips = [item.id for one in found if isinstance(item := one.entry.item, Vod)]
        current: dict[UUID, Stream] = {}
        kept: dict[UUID, Vod] = {}
        if ids or clips:
            async with connection(self._pool) as db:
                current = {stream.id: stream for stream in await streams.public_among(db, ids)} if ids else {}
                kept = {vod.id: vod for vod in await vods.public_among(db, clips)} if clips else {}
        hits = []
        for one in found:
            item = one.entry.item
            if isinstance(item, Creator | Category):
                hits.append(Hit("creator" if isinstance(item, Creator) else "category", one.score, item))
            elif isinstance(item, Vod):
                if item.id in kept:
                    hits.append(Hit("vods", one.score, kept[item.id]))
            elif isinstance(item, Stream):
                if item.id in current:
                    hits.append(Hit("video", one.score, current[item.id]))
            elif item.stream_id in current and current[item.stream_id].status == "live":
                hits.append(Hit("stream", one.score, current[item.stream_id], item.viewers))
        return hits

    async def _shelved(self, vocabulary: Vocabulary | None) -> list[Entry[Item]]:
        async with connection(self._pool) as db:
            creators = await profiles.creators(db, MOST_CREATORS)
            recordings = await streams.over(db, MOST_RECORDINGS)
            clips = await vods.public(db, MOST_VODS)
        return [
            *map(creator_entry, creators),
            *(recording_entry(stream, vocabulary) for stream in recordings),
            *(clip_entry(vod, vocabulary) for vod in clips),
        ]


def live_entries(board: Board, vocabulary: Vocabulary | None) -> list[Entry[Item]]:
    """What is live, and the categories it is in."""
    entries: list[Entry[Item]] = [
        Entry(
            kind="stream",
            text=" ".join((live.title, live.creator, live.category, *live.tags)),
            item=LiveHit(live.id, live.viewers),
            weight=live.viewers,
            mature=live.mature,
            vector=vocabulary.vector(live.title, live.category, live.tags) if vocabulary else None,
        )
        for live in board.streams
    ]
    count = Counter(live.category for live in board.streams if live.category)
    viewers = Counter[str]()
    for live in board.streams:
        viewers[live.category] += live.viewers
    return entries + [
        Entry(kind="category", text=name, item=Category(name, live, viewers[name]), weight=viewers[name])
        for name, live in count.items()
    ]


def creator_entry(creator: Creator) -> Entry[Item]:
    return Entry(kind="creator", text=f"{creator.handle} {creator.bio}", item=creator, weight=creator.followers)


def recording_entry(stream: Stream, vocabulary: Vocabulary | None) -> Entry[Item]:
    """A stream that is over."""
    return Entry(
        kind="video",
        text=" ".join((stream.title, stream.creator, stream.category, *stream.tags)),
        item=stream,
        mature=stream.mature,
        vector=vocabulary.vector(stream.title, stream.category, stream.tags) if vocabulary else None,
    )


def clip_entry(vod: Vod, vocabulary: Vocabulary | None) -> Entry[Item]:
    return Entry(
        kind="vods",
        text=f"{vod.title} {vod.creator}",
        item=vod,
        vector=vocabulary.vector(vod.title, "", ()) if vocabulary else None,
    )

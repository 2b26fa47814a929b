"""Keeping clips: their files lie in the platform's folder; every change commits together with its event."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.accounts.tokens import Claims
from domain.files import Arriving
from domain.segments import queries as segments
from domain.streams import queries as streams
from domain.text import clean_text
from domain.vods import queries
from domain.vods.model import (
    HEAD_BYTES,
    LONGEST_MS,
    MOST_VODS,
    NotAVod,
    NotThatShow,
    Recording,
    TooManyVods,
    UnknownVod,
    UnreadableVod,
    Visibility,
    Vod,
    VodInUse,
    VodWish,
    kind_of,
    owns,
)
from domain.vods.probe import duration_of
from livestreamx.clock import now
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Forbidden, Invalid
from livestreamx.events import VodChanged, VodRemoved, VodUploaded
from livestreamx.settings import Settings


def folder_of(settings: Settings) -> Path:
    """Where the files lie; platforms of several machines mount one folder there."""
    return settings.home / "vods"


def shown_title(text: str) -> str:
    """The title as it will be shown; `Invalid` when nothing is left of it."""
    title = clean_text(text)
    if not title:
        raise Invalid("The title has no visible characters", code="empty_title")
    return title


async def keep(
    pool: Pool, file: Arriving, vod_id: UUID, creator_id: UUID, *, title: str, visibility: Visibility, request_id: str
) -> Vod:
    """A new clip of the file that has come, which settles under the clip's id; the caller discards it on any error.

    `NotAVod` by its first bytes, `UnreadableVod`, `TooManyVods`, `Invalid` with code `empty_title`.
    """
    title = shown_title(title)
    file.close()
    kind = kind_of(await asyncio.to_thread(_head, file.path))
    if kind is None:
        raise NotAVod()
    duration_ms = await duration_of(file.path)
    if duration_ms is None:
        raise UnreadableVod()
    if duration_ms > LONGEST_MS:
        raise UnreadableVod("A clip has at most twelve hours")
    await asyncio.to_thread(file.settle, kind)
    async with transaction(pool) as db:
        await queries.lock_creator(db, creator_id)
        if await queries.count(db, creator_id) >= MOST_VODS:
            raise TooManyVods()
        await queries.insert(
            db,
            vod_id,
            creator_id,
            title=title,
            visibility=visibility,
            kind=kind,
            size=file.size,
            duration_ms=duration_ms,
        )
        vod = await _find(db, vod_id)
        await record(db, VodUploaded(**vod.as_told(), user_id=creator_id), request_id=request_id)
    return vod


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(HEAD_BYTES)


async def _find(db: Db, vod_id: UUID) -> Vod:
    vod = await queries.find(db, vod_id)
    if vod is None:
        raise UnknownVod()
    return vod


async def find_visible(pool: Pool, vod_id: UUID, visitor: Claims | None, segment_id: UUID | None = None) -> Vod:
    """The clip if this visitor may see it; to all others a private one does not exist.

    Whoever knows of a segment that has it on air is in that show, and may see it until that is over.
    """
    async with connection(pool) as db:
        vod = await _find(db, vod_id)
        if vod.visibility != "private" or owns(vod, visitor):
            return vod
        if segment_id is not None and await segments.shows(db, segment_id, vod_id):
            return vod
    raise UnknownVod()


async def find_for_show(db: Db, vod_id: UUID, claims: Claims) -> Vod:
    """A clip that is not removed before the transaction ends; `UnknownVod`, also for private ones of others."""
    vod = await queries.find_for_show(db, vod_id)
    if vod is None or (vod.visibility == "private" and not owns(vod, claims)):
        raise UnknownVod()
    return vod


async def find_owned(db: Db, vod_id: UUID, claims: Claims) -> Vod:
    """The clip, locked, if this person may change it; `UnknownVod`, `Forbidden` with code `not_owner`."""
    vod = await queries.find_locked(db, vod_id)
    if vod is None or (vod.visibility == "private" and not owns(vod, claims)):
        raise UnknownVod()
    if not owns(vod, claims):
        raise Forbidden("Only its creator may do that", code="not_owner")
    return vod


async def of_creator(pool: Pool, creator_id: UUID, *, listed: bool, before: UUID | None, limit: int) -> list[Vod]:
    """A creator's clips, the newest first; `listed` for those that everybody may find."""
    async with connection(pool) as db:
        return await queries.of_creator(db, creator_id, listed=listed, before=before, limit=limit)


async def change(pool: Pool, vod_id: UUID, claims: Claims, wish: VodWish, request_id: str) -> Vod:
    """Call a clip something else, show it to others, or say of which show it is. `Invalid`, `NotThatShow`."""
    async with transaction(pool) as db:
        before = await find_owned(db, vod_id, claims)
        after = before
        if wish.title is not msgspec.UNSET:
            after = replace(after, title=shown_title(wish.title))
        if wish.visibility is not msgspec.UNSET:
            after = replace(after, visibility=wish.visibility)
        if wish.recording is not msgspec.UNSET:
            show_id, begins_ms = await _show_of(db, before, wish.recording)
            after = replace(after, show_id=show_id, begins_ms=begins_ms)
        if after != before:
            await queries.change(db, after)
            await record(db, VodChanged(**after.as_told(), user_id=claims.sub), request_id=request_id)
    return after


async def _show_of(db: Db, vod: Vod, recording: Recording | None) -> tuple[UUID | None, int]:
    if recording is None:
        return None, 0
    show = await streams.find(db, recording.show_id)
    if show is None or show.creator_id != vod.creator_id or show.started_at is None:
        raise NotThatShow()
    if show.started_at + timedelta(milliseconds=recording.begins_ms) >= (show.ended_at or now()):
        raise NotThatShow()
    return show.id, recording.begins_ms


async def of_show(pool: Pool, show_id: UUID, limit: int) -> list[Vod]:
    """The public recordings of a show, in its order."""
    async with connection(pool) as db:
        return await queries.of_show(db, show_id, limit)


async def remove(pool: Pool, folder: Path, vod_id: UUID, claims: Claims, request_id: str) -> None:
    """Take a clip away, and its file; `VodInUse` while a show needs it."""
    async with transaction(pool) as db:
        vod = await find_owned(db, vod_id, claims)
        if await segments.uses(db, vod_id):
            raise VodInUse()
        await queries.delete(db, vod_id)
        await record(db, VodRemoved(**vod.as_told(), user_id=claims.sub), request_id=request_id)
    await asyncio.to_thread((folder / vod.path.rsplit("/", 1)[1]).unlink, missing_ok=True)

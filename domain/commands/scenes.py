"""The scene of a stream: its creator sets it, command gifts change parts of it; every change is an event."""

from typing import Any
from uuid import UUID

import msgspec

from domain.accounts.tokens import Claims
from domain.commands import queries
from domain.commands.model import Scene
from domain.streams.service import find_owned
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, transaction
from livestreamx.events import SceneChanged


async def scene_of(db: Db, stream_id: UUID) -> Scene:
    """How the stream looks; plain until somebody changes it."""
    return await queries.scene(db, stream_id) or Scene()


async def set_scene(pool: Pool, stream_id: UUID, claims: Claims, change: dict[str, Any], request_id: str) -> Scene:
    """Change the named parts of one's own stream; the scene afterwards. `NotFound`, `Forbidden`."""
    async with transaction(pool) as db:
        stream = await find_owned(db, stream_id, claims)
        return await change_scene(
            db,
            stream_id=stream_id,
            creator_id=stream.creator_id,
            user_id=claims.sub,
            handle=claims.handle,
            change=change,
            request_id=request_id,
        )


async def change_scene(
    db: Db, *, stream_id: UUID, creator_id: UUID, user_id: UUID, handle: str, change: dict[str, Any], request_id: str
) -> Scene:
    """Change the named parts in the caller's transaction; a change that changes nothing is no event."""
    await queries.lock_queue(db, stream_id)
    before = await scene_of(db, stream_id)
    after = msgspec.structs.replace(before, **change)
    if after == before:
        return after
    await queries.put_scene(db, stream_id, after)
    changed = SceneChanged(
        stream_id=stream_id,
        creator_id=creator_id,
        user_id=user_id,
        handle=handle,
        theme=after.theme,
        filter=after.filter,
        background=after.background,
        overlays=after.overlays,
    )
    await record(db, changed, request_id=request_id)
    return after

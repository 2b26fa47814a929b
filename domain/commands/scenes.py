"""The scene of a stream: its creator sets it, command gifts change parts of it; every change is an event."""

from typing import Any
from uuid import UUID

import msgspec

from domain.accounts.tokens import Claims
from domain.assets import queries as assets
from domain.assets.owning import find_picture
from domain.commands import queries
from domain.commands.model import Scene
from domain.overlays import queries as overlays
from domain.overlays.model import EFFECTS, UnknownOverlay
from domain.streams.model import Stream
from domain.streams.service import find_owned
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, transaction
from livestreamx.events import SceneChanged
from livestreamx.frames import SceneState

PLAIN = SceneState(theme="plain", filter="none", background="none", overlays=())
"""How nothing looks."""


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who changes the look of whose show, by which request."""

    creator_id: UUID
    user_id: UUID
    handle: str
    request_id: str


async def scene_of(db: Db, stream_id: UUID) -> Scene:
    """How the stream looks; plain until somebody changes it."""
    return await queries.scene(db, stream_id) or Scene()


async def shown_scene(db: Db, stream: Stream) -> SceneState:
    """How the stream looks to those who watch it, with all that its creator has laid over it."""
    return await _as_shown(db, stream.creator_id, await scene_of(db, stream.id))


async def _as_shown(db: Db, creator_id: UUID, scene: Scene) -> SceneState:
    own = await overlays.of_creator(db, creator_id)
    behind = await assets.find_own(db, creator_id, scene.background_asset_id) if scene.background_asset_id else None
    return SceneState(
        theme=scene.theme,
        filter=scene.filter,
        background=scene.background,
        overlays=tuple(name for name in scene.overlays if name in EFFECTS),
        backgroundUrl=behind.path if behind else "",
        layers=tuple(one.as_layer() for one in own if one.enabled or one.key in scene.overlays),
    )


async def set_scene(pool: Pool, stream_id: UUID, claims: Claims, change: dict[str, Any], request_id: str) -> Scene:
    """Change the named parts of one's own stream; the scene afterwards.

    `NotFound`, `Forbidden`, `UnknownOverlay`, `UnknownAsset`, `NotAPicture`.
    """
    async with transaction(pool) as db:
        stream = await find_owned(db, stream_id, claims)
        if behind := change.get("background_asset_id"):
            await find_picture(db, stream.creator_id, behind)
        if named := set(change.get("overlays", ())) - EFFECTS:
            for unknown in sorted(named - {one.key for one in await overlays.of_creator(db, stream.creator_id)}):
                raise UnknownOverlay(overlay=unknown)
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
    if after != before:
        await queries.put_scene(db, stream_id, after)
        who = Author(creator_id=creator_id, user_id=user_id, handle=handle, request_id=request_id)
        await _tell(db, stream_id, after, who)
    return after


async def tell_again(db: Db, claims: Claims, request_id: str) -> None:
    """Tell shows that are on, or announced with a scene, what has become of their creator's overlays and files."""
    who = Author(creator_id=claims.sub, user_id=claims.sub, handle=claims.handle, request_id=request_id)
    for stream_id in await queries.dressed_streams(db, claims.sub):
        await queries.lock_queue(db, stream_id)
        await _tell(db, stream_id, await scene_of(db, stream_id), who)


async def _tell(db: Db, stream_id: UUID, scene: Scene, who: Author) -> None:
    shown = await _as_shown(db, who.creator_id, scene)
    changed = SceneChanged(
        stream_id=stream_id,
        creator_id=who.creator_id,
        user_id=who.user_id,
        handle=who.handle,
        theme=shown.theme,
        filter=shown.filter,
        background=shown.background,
        overlays=shown.overlays,
        background_url=shown.backgroundUrl,
        layers=shown.layers,
    )
    await record(db, changed, request_id=who.request_id)

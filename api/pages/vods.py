"""`/v/{id}`: one clip, to be watched and shared, for those who may see it."""

from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.pages import art
from api.pages.visit import Visit
from domain.profiles import queries as profiles
from domain.streams import queries as streams
from domain.streams.service import owns as runs
from domain.vods import service as vods
from domain.vods.model import owns
from livestreamx.engines.postgres import connection

MORE = 6
SHOWS = 50


class VodPages(Controller):
    """What somebody sees who follows a link to a clip."""

    path = "/v/{vod_id:uuid}"

    @get("/")
    async def show(self, vod_id: FromPath[UUID], visit: NamedDependency[Visit]) -> Template:
        """The clip and others of its creator; 404 for none, and for a private one of somebody else's."""
        clip = await vods.find_visible(visit.pool, vod_id, visit.claims)
        others = await vods.of_creator(visit.pool, clip.creator_id, listed=True, before=None, limit=MORE + 1)
        may_change = owns(clip, visit.claims)
        async with connection(visit.pool) as db:
            following = visit.viewer is not None and await profiles.follows(db, visit.viewer.id, clip.creator_id)
            show = await streams.find(db, clip.show_id) if clip.show_id else None
            shows = await streams.of_creator(db, clip.creator_id, None, SHOWS) if may_change else []
        return visit.page(
            "vod.html",
            site=visit.settings.url,
            share_seed=art.poster_seed(clip.title, ""),
            clip=clip,
            more=[other for other in others if other.id != clip.id][:MORE],
            is_owner=visit.viewer_id == clip.creator_id,
            may_change=may_change,
            show=show if show and (show.visibility != "private" or runs(show, visit.claims)) else None,
            shows=[one for one in shows if one.started_at],
            following=following,
        )

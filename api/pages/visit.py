"""One visit to a page: who came, and what a page is made from."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.response import Redirect, Template
from redis.asyncio import Redis as AsyncRedis

from api.pages.rendering import page
from api.pages.views import Viewer
from domain.accounts.tokens import Claims
from domain.economy import service as economy
from domain.moderation import service as moderation
from livestreamx.engines.postgres import Pool, connection
from livestreamx.settings import Settings


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler of a page needs; `viewer` and `claims` are None for somebody who is not signed in."""

    request: Request[Any, Any, Any]
    viewer: Viewer | None
    claims: Claims | None
    pool: Pool
    redis: AsyncRedis
    settings: Settings

    @property
    def viewer_id(self) -> UUID | None:
        return self.viewer.id if self.viewer else None

    def page(self, name: str, **context: Any) -> Template:
        """The page made from the template `name`."""
        return page(self.request, name, self.viewer, **context)

    def sign_in_first(self) -> Redirect:
        """To the sign-in page, and back here, with what was asked for, afterwards."""
        path, query = self.request.scope["path"], self.request.scope["query_string"].decode()
        return Redirect(f"/login?next={quote(f'{path}?{query}' if query else path)}", status_code=303)


async def provide_visit(
    request: Request[Any, Any, Any],
    visitor: NamedDependency[Claims | None],
    pool: NamedDependency[Pool],
    redis: NamedDependency[AsyncRedis],
    settings: NamedDependency[Settings],
) -> Visit:
    """The visit that this request is."""
    viewer = None
    if visitor is not None:
        async with connection(pool) as db:
            held = await economy.wallet(db, visitor.sub)
            moderates = "creator" in visitor.roles or await moderation.keeps_order(db, visitor.sub)
        viewer = Viewer(
            id=visitor.sub, handle=visitor.handle, roles=visitor.roles, tokens=held.tokens, moderates=moderates
        )
    return Visit(request=request, viewer=viewer, claims=visitor, pool=pool, redis=redis, settings=settings)


def own_path(path: str | None) -> str:
    """A path of this site to go to next; the home page for anything that could lead elsewhere."""
    if path and path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable():
        return path
    return "/"

"""`/api/me`: one's own account, sessions, streams and the creators one follows."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from redis.asyncio import Redis as AsyncRedis

from api.auth.cookies import clear_session_cookies, renew_access_cookie
from api.paging import Cursor, Limit, Place, cursor_after, decode_cursor, page_of
from api.people import Me
from api.schema import Mirror, Page, View
from api.shows import StreamCard, cards
from domain.accounts import service as accounts
from domain.accounts.tokens import AccessTokens, Claims
from domain.badges import service as progress
from domain.economy import service as economy
from domain.profiles import service as profiles
from domain.streams import service as streams
from livestreamx.engines.postgres import Pool, connection
from livestreamx.settings import Settings


class SessionView(View, frozen=True, kw_only=True):
    """One sign-in; `current` is the one that asks."""

    id: UUID
    user_agent: str
    created_at: datetime
    last_used_at: datetime
    current: bool


class Ended(View, frozen=True, kw_only=True):
    ended: Annotated[int, msgspec.Meta(description="sessions that were open and are not any more")]


class Enrolled(View, frozen=True, kw_only=True):
    """The account with its new role, and an access token of the same session that carries it."""

    user: Me
    access: str
    expires_in: int


class FollowedView(Mirror, frozen=True, kw_only=True):
    id: UUID
    handle: str
    avatar_url: str | None
    level: int
    followed_at: datetime
    live_stream_id: UUID | None


class MeController(Controller):
    path = "/api/me"
    tags = ("Accounts",)

    @get("/")
    async def me(
        self, user: NamedDependency[Claims], pool: NamedDependency[Pool], redis: NamedDependency[AsyncRedis]
    ) -> Me:
        """One's own account with its wallet."""
        async with connection(pool) as db:
            account, wallet = await accounts.find(db, user.sub), await economy.wallet(db, user.sub)
        return Me.owner(await progress.up_to_date(redis, account), wallet)

    @post("/creator", status_code=200)
    async def enroll(
        self,
        request: Request[Any, Any, Any],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        tokens: NamedDependency[AccessTokens],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> Response[Enrolled]:
        """Become a creator; again changes nothing."""
        account = await accounts.become_creator(pool, user.sub, request_id)
        async with connection(pool) as db:
            wallet = await economy.wallet(db, user.sub)
        access = tokens.issue(account.id, account.handle, account.roles, user.sid)
        enrolled = Enrolled(user=Me.owner(account, wallet), access=access, expires_in=settings.access_minutes * 60)
        response = Response(enrolled, headers={"Cache-Control": "no-store"})
        renew_access_cookie(request, response, settings, access)
        return response

    @get("/sessions")
    async def sessions(self, user: NamedDependency[Claims], pool: NamedDependency[Pool]) -> Page[SessionView]:
        """Where one is signed in, the last used first."""
        found = await accounts.sessions(pool, user.sub)
        return Page(
            items=tuple(
                SessionView(
                    id=session.id,
                    user_agent=session.user_agent,
                    created_at=session.created_at,
                    last_used_at=session.last_used_at,
                    current=session.id == user.sid,
                )
                for session in found
            )
        )

    @delete("/sessions", status_code=200)
    async def end_sessions(self, user: NamedDependency[Claims], pool: NamedDependency[Pool]) -> Response[Ended]:
        """Sign out everywhere, here too."""
        response = Response(Ended(ended=await accounts.end_all_sessions(pool, user.sub)))
        clear_session_cookies(response)
        return response

    @delete("/sessions/{session_id:uuid}")
    async def end_session(
        self, session_id: FromPath[UUID], user: NamedDependency[Claims], pool: NamedDependency[Pool]
    ) -> None:
        """Sign out in one place."""
        await accounts.end_session(pool, user.sub, session_id)

    @get("/streams")
    async def streams(
        self,
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        settings: NamedDependency[Settings],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Page[StreamCard]:
        """One's own streams, private ones too, the newest first."""
        found = await streams.of_creator(pool, user.sub, decode_cursor(cursor, UUID), limit + 1)
        shown = await cards(redis, settings, found[:limit])
        return Page(items=shown, next_cursor=cursor_after(found, limit))

    @get("/following")
    async def following(
        self, user: NamedDependency[Claims], pool: NamedDependency[Pool], cursor: Cursor = None, limit: Limit = 20
    ) -> Page[FollowedView]:
        """Whom one follows, the latest first."""
        found = await profiles.following(pool, user.sub, decode_cursor(cursor, Place), limit + 1)
        return page_of(found, limit, FollowedView.of, lambda last: Place(last.followed_at, last.id))

"""What a channel's chat filters: its blocked terms and policy, and the platform's own list."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from redis.asyncio import Redis as AsyncRedis

from api.auth.guards import admin_only
from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Page, View
from domain.accounts.tokens import Claims
from domain.chat import listing
from domain.chat.filters import Action as Outcome
from domain.chat.filters import Policy
from domain.chat.model import MOST_TERM_CHARACTERS, BlockedTerm
from domain.chat.terms import Action, Term
from livestreamx.engines.postgres import Pool


class TermView(View, frozen=True, kw_only=True):
    """A blocked term; `form` is what it is compared as."""

    id: UUID
    text: str
    form: str
    action: Action
    created_at: datetime

    @classmethod
    def of(cls, term: BlockedTerm) -> "TermView":
        return msgspec.convert(term, cls, from_attributes=True)


class NewTerm(Body, frozen=True, kw_only=True):
    """A word or phrase; a `*` at its end stands for any ending. Messages with it are held, or refused."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_TERM_CHARACTERS, examples=["buy followers"])]
    action: Action = "refuse"


class Sample(Body, frozen=True, kw_only=True):
    """A sentence to try the filters on; `shield` as if the shield were up."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=300, examples=["buy followers at cheap.example"])]
    shield: bool = False


class VerdictView(View, frozen=True, kw_only=True):
    """What would become of it, and why."""

    action: Outcome
    reasons: Annotated[tuple[str, ...], msgspec.Meta(examples=[["link"]])]


class TermsController(Controller):
    path = "/api/creators/{channel_id:uuid}/blocked-terms"
    tags = ("Moderation",)

    @get("/")
    async def terms(
        self,
        channel_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> Page[TermView]:
        """The channel's list, newest first. Its moderators only."""
        return await _page(pool, channel_id, user, cursor, limit)

    @post("/")
    async def add(
        self,
        channel_id: FromPath[UUID],
        data: JSONBody[NewTerm],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> TermView:
        """Block one term more, whatever its spelling. Its moderators only; 409 `term_exists` or `list_full`."""
        term = Term(data.text, data.action)
        return TermView.of(await listing.add_term(pool, redis, channel_id, term, user, request_id=request_id))

    @post("/try", status_code=200)
    async def try_text(
        self,
        channel_id: FromPath[UUID],
        data: JSONBody[Sample],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
    ) -> VerdictView:
        """What the channel's filters would make of a sentence; nothing is said. Its moderators only."""
        verdict = await listing.try_text(pool, channel_id, data.text, user, shield=data.shield)
        return VerdictView(action=verdict.action, reasons=verdict.reasons)

    @delete("/{term_id:uuid}")
    async def remove(
        self,
        channel_id: FromPath[UUID],
        term_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> None:
        """Block one term less. Its moderators only; 404 `term_not_found`."""
        await listing.remove_term(pool, redis, channel_id, term_id, user, request_id=request_id)


class PlatformTermsController(Controller):
    path = "/api/admin/blocked-terms"
    tags = ("Administration",)
    guards = (admin_only,)

    @get("/")
    async def terms(
        self, user: NamedDependency[Claims], pool: NamedDependency[Pool], cursor: Cursor = None, limit: Limit = 100
    ) -> Page[TermView]:
        """What admins added to the list that ships with the platform, newest first. Admins only."""
        return await _page(pool, None, user, cursor, limit)

    @post("/")
    async def add(
        self,
        data: JSONBody[NewTerm],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> TermView:
        """Block one term more in every channel. Admins only; 409 `term_exists` or `list_full`."""
        return TermView.of(
            await listing.add_term(pool, redis, None, Term(data.text, data.action), user, request_id=request_id)
        )

    @delete("/{term_id:uuid}")
    async def remove(
        self,
        term_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> None:
        """Block one term less. Admins only; 404 `term_not_found`."""
        await listing.remove_term(pool, redis, None, term_id, user, request_id=request_id)


class PolicyController(Controller):
    path = "/api/creators/{channel_id:uuid}/chat-policy"
    tags = ("Moderation",)

    @get("/")
    async def policy(
        self, channel_id: FromPath[UUID], user: NamedDependency[Claims], pool: NamedDependency[Pool]
    ) -> Policy:
        """What the channel does about links, capitals and long messages. Its moderators only."""
        return await listing.policy(pool, channel_id, user)

    @put("/")
    async def set_policy(
        self,
        channel_id: FromPath[UUID],
        data: JSONBody[Policy],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> Policy:
        """Do something else about them; what is left out is as at first. Its moderators only."""
        return await listing.set_policy(pool, redis, channel_id, data, user, request_id=request_id)


async def _page(pool: Pool, channel_id: UUID | None, user: Claims, cursor: str | None, limit: int) -> Page[TermView]:
    found = await listing.terms(pool, channel_id, user, decode_cursor(cursor, UUID), limit + 1)
    return page_of(found, limit, TermView.of)

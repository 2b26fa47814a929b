"""`/mod`: where a channel's order is kept: what waits for a moderator, who is banned, the filters and the log."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect, Template

from api.pages.visit import Visit
from api.paging import Cursor, decode_cursor, encode_cursor
from domain.accounts.tokens import Claims
from domain.audit import service as audit
from domain.audit.model import Search
from domain.chat import holding, listing
from domain.chat import queries as chats
from domain.moderation import appeals, reports
from domain.moderation import service as moderation
from domain.moderation.model import Channel
from livestreamx.engines.postgres import connection
from livestreamx.errors import Forbidden

ROWS = 50
Tab = Literal["held", "reports", "requests", "bans", "words", "modes", "log"]
TABS: dict[Tab, str] = {
    "held": "Held messages",
    "reports": "Reports",
    "requests": "Unban requests",
    "bans": "Bans",
    "words": "Words and links",
    "modes": "Modes",
    "log": "Log",
}
OF_ONE: frozenset[Tab] = frozenset({"bans", "words", "modes", "log"})
"""What is shown of one channel at a time; the queues show all that one moderates."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """A moderator at work: whose channel they look at (None: all), and from where on."""

    visit: Visit
    claims: Claims
    channel: Channel | None
    before: UUID | None

    @property
    def channel_id(self) -> UUID | None:
        return self.channel.id if self.channel else None


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a tab, the place where the next page begins, and what else the tab shows."""

    items: list[Any] = []
    more: Any = {}


async def held(desk: Desk) -> Rows:
    return Rows(items=await holding.waiting(desk.visit.pool, desk.claims, desk.channel_id, desk.before, ROWS + 1))


async def reported(desk: Desk) -> Rows:
    found = await reports.reports(
        desk.visit.pool, desk.claims, desk.channel_id, state="open", before=desk.before, limit=ROWS + 1
    )
    return Rows(items=found)


async def requested(desk: Desk) -> Rows:
    found = await appeals.appeals(
        desk.visit.pool, desk.claims, desk.channel_id, state="open", before=desk.before, limit=ROWS + 1
    )
    return Rows(items=found)


async def banned(desk: Desk) -> Rows:
    stream_id = desk.channel and desk.channel.stream_id
    if not stream_id:
        return Rows()
    return Rows(items=await moderation.bans(desk.visit.pool, stream_id, desk.claims, desk.before, ROWS + 1))


async def words(desk: Desk) -> Rows:
    if desk.channel is None:
        return Rows()
    policy = await listing.policy(desk.visit.pool, desk.channel.id, desk.claims)
    terms = await listing.terms(desk.visit.pool, desk.channel.id, desk.claims, desk.before, ROWS + 1)
    return Rows(items=terms, more={"policy": policy})


async def modes(desk: Desk) -> Rows:
    stream_id = desk.channel and desk.channel.stream_id
    if not stream_id:
        return Rows(more={"chat": None})
    async with connection(desk.visit.pool) as db:
        chat = await chats.chat(db, stream_id)
    return Rows(more={"chat": chat, "mode": msgspec.json.encode(chat.mode).decode()})


async def log(desk: Desk) -> Rows:
    if desk.channel is None:
        return Rows()
    return Rows(items=await audit.read(desk.visit.pool, desk.before, ROWS + 1, Search(channel_id=desk.channel.id)))


READ: dict[Tab, Callable[[Desk], Awaitable[Rows]]] = {
    "held": held,
    "reports": reported,
    "requests": requested,
    "bans": banned,
    "words": words,
    "modes": modes,
    "log": log,
}


class ModeratorPages(Controller):
    """For who moderates a channel: their own, or one whose creator asked them to."""

    path = "/mod"

    @get("/")
    async def show(
        self,
        visit: NamedDependency[Visit],
        tab: Annotated[Tab, QueryParameter(name="show")] = "held",
        channel: FromQuery[UUID | None] = None,
        cursor: Cursor = None,
    ) -> Template | Redirect:
        """One tab; without `channel` the queues are those of all channels, the rest is of the first."""
        if visit.claims is None:
            return visit.sign_in_first()
        channels = await moderation.channels(visit.pool, visit.claims.sub)
        chosen = next((one for one in channels if one.id == channel), None)
        if channel is not None and chosen is None:
            raise Forbidden("Only the creator and moderators may do that")
        if chosen is None and channels and (tab in OF_ONE or len(channels) == 1):
            chosen = channels[0]
        desk = Desk(visit=visit, claims=visit.claims, channel=chosen, before=decode_cursor(cursor, UUID))
        rows = await READ[tab](desk)
        return visit.page(
            "mod.html",
            tab=tab,
            tabs=TABS,
            channels=channels,
            chosen=chosen,
            handles={one.id: one.handle for one in channels},
            of_one=tab in OF_ONE,
            items=rows.items[:ROWS],
            next=_next(rows.items, tab, chosen if channel else None),
            first=cursor is None,
            **rows.more,
        )


def _next(items: list[Any], tab: Tab, channel: Channel | None) -> str:
    """The address of the next page; empty after the last."""
    if len(items) <= ROWS:
        return ""
    query = {"show": tab, "cursor": encode_cursor(items[ROWS - 1].id)}
    return "/mod?" + urlencode(query | ({"channel": str(channel.id)} if channel else {}))

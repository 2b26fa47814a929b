"""`/api/streams/{id}/raid`: send the room on to another stream; `/api/me/raids`: whether one may be raided."""

from datetime import datetime
from uuid import UUID

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.auth.guards import creator_only
from api.schema import Body, View
from domain.accounts.tokens import Claims
from domain.interactions.raids import service as raids
from domain.interactions.raids.model import Raid, State
from livestreamx.engines.postgres import Pool


class NewRaid(Body, frozen=True, kw_only=True):
    """The live stream that the room is sent to."""

    target_id: UUID


class TargetView(View, frozen=True, kw_only=True):
    stream_id: UUID
    creator: str
    title: str


class RaidView(View, frozen=True, kw_only=True):
    """A raid; while it is `pending` it can be called off, until `goesAt`."""

    id: UUID
    target: TargetView
    state: State
    started_at: datetime
    goes_at: datetime

    @classmethod
    def of(cls, raid: Raid) -> "RaidView":
        return cls(
            id=raid.id,
            target=TargetView(stream_id=raid.target_id, creator=raid.target_handle, title=raid.target_title),
            state=raid.state,
            started_at=raid.started_at,
            goes_at=raid.goes_at,
        )


class RaidSettings(Body, frozen=True, kw_only=True):
    accept: bool


class RaidSettingsView(View, frozen=True, kw_only=True):
    """Whether other creators may send their rooms here."""

    accept: bool


class RaidsController(Controller):
    path = "/api"
    tags = ("Raids",)

    @post("/streams/{stream_id:uuid}/raid", summary="Send the room on to another live stream")
    async def start(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[NewRaid],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> RaidView:
        """The creator, in a live stream; it leaves in ten seconds.

        409 `raid_pending`, `raid_refused` (that creator wants none), `not_live` or `target_not_live`.
        """
        return RaidView.of(await raids.start_raid(pool, stream_id, data.target_id, user, request_id))

    @delete("/streams/{stream_id:uuid}/raid", status_code=200, summary="Call the raid off before it leaves")
    async def cancel(
        self,
        stream_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> RaidView:
        """404 `raid_not_found` when none waits to leave."""
        return RaidView.of(await raids.cancel_raid(pool, stream_id, user, request_id))

    @get("/me/raids", summary="Whether one may be raided", guards=[creator_only])
    async def read_settings(self, user: NamedDependency[Claims], pool: NamedDependency[Pool]) -> RaidSettingsView:
        return RaidSettingsView(accept=await raids.accepts_raids(pool, user.sub))

    @put("/me/raids", summary="Say whether one may be raided", guards=[creator_only])
    async def change_settings(
        self, data: JSONBody[RaidSettings], user: NamedDependency[Claims], pool: NamedDependency[Pool]
    ) -> RaidSettingsView:
        return RaidSettingsView(accept=await raids.accept_raids(pool, user.sub, data.accept))

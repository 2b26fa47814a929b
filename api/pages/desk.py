"""What a creator's desk knows beside the numbers: what is ready to go live, and where the earnings are."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from api.pages.subscribing import Following, followed
from api.pages.visit import Visit
from domain.analytics.figures import Figures
from domain.commands import overlay_keys
from domain.commands import service as commands
from domain.moderation import queries as moderation
from domain.moodmaps import service as moodmaps
from domain.payouts import service as payouts
from domain.payouts.model import SMALLEST_MINOR, Earnings, Maturing, Payout
from domain.streams.model import Stream
from livestreamx.clock import now
from livestreamx.engines.postgres import connection

PAYOUTS = 5
MONTHS = 6
STATES = {
    "requested": "Asked for",
    "review": "Being checked",
    "approved": "Approved",
    "processing": "On its way",
    "paid": "Paid",
    "failed": "Failed, available again",
    "rejected": "Refused, available again",
}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the checklist; `field` is the field of the form for a new stream that it is about."""

    name: str
    words: str
    hint: str
    done: bool
    href: str
    field: str = ""


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """A creator's earnings, what matures next, subscribers, the latest payouts, and the months with a statement."""

    earnings: Earnings
    maturing: Maturing | None
    payouts: Sequence[Payout]
    months: tuple[str, ...]
    following: Following
    smallest_minor: int = SMALLEST_MINOR

    @property
    def open(self) -> Payout | None:
        """The payout that is under way."""
        return next((one for one in self.payouts if one.state not in ("paid", "failed", "rejected")), None)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A stream of the list, with its key figures; None before it was live."""

    stream: Stream
    figures: Figures | None


async def checklist(visit: Visit, creator_id: UUID, announced: Stream | None) -> tuple[Item, ...]:
    """What is worth doing before going live, of the announced stream and of the channel."""
    async with connection(visit.pool) as db:
        chosen = await moodmaps.map_of(db, creator_id)
        has_key = await overlay_keys.has_key(db, creator_id)
        helpers = await moderation.moderators(db, creator_id, None, 1)
    switches = await commands.switches(visit.pool, creator_id)
    on = sum(switches.values())
    channel = "/studio/channel"
    return (
        *about_stream(announced),
        Item(
            name="overlay",
            words="Overlay address",
            hint="Your streaming software shows gifts and polls with it.",
            done=has_key,
            href=f"{channel}#overlay",
        ),
        Item(
            name="gifts",
            words=f"Gifts that act: {on} of {len(switches)} on",
            hint="Say what gifts may do to your show.",
            done=on > 0,
            href=f"{channel}#commands",
        ),
        Item(
            name="moderators",
            words="A moderator",
            hint="Somebody who keeps the peace while you play.",
            done=bool(helpers),
            href=f"{channel}#moderators",
        ),
        Item(
            name="moods",
            words="Looks of moods",
            hint="Your page in the colours of what the room feels.",
            done=bool(chosen.looks),
            href=f"{channel}#moods",
        ),
    )


def about_stream(announced: Stream | None) -> tuple[Item, ...]:
    """The items about the stream itself: the announced one, else the one that is being written."""
    where = f"/studio/{announced.id}" if announced else "#new-stream"
    given = {
        "title": bool(announced),
        "category": bool(announced and announced.category),
        "tags": bool(announced and announced.tags),
        "scheduledAt": bool(announced and announced.scheduled_at),
    }
    said = (
        ("title", "Title", "What happens today?"),
        ("category", "Category", "People browse by it."),
        ("tags", "Tags", "Up to five: they help recommendations."),
        ("scheduledAt", "A time", "Announced streams are found before they begin."),
    )
    return tuple(
        Item(name=name, words=words, hint=hint, done=given[name], href=where, field="" if announced else name)
        for name, words, hint in said
    )


async def books(visit: Visit, creator_id: UUID) -> Books:
    """Where the money is."""
    found = await payouts.payouts(visit.pool, None, PAYOUTS, creator_id=creator_id)
    return Books(
        earnings=await payouts.earnings(visit.pool, creator_id),
        maturing=await payouts.next_maturing(visit.pool, creator_id),
        payouts=found,
        months=tuple(last_months(now(), MONTHS)),
        following=await followed(visit, creator_id),
    )


def last_months(at: datetime, count: int) -> list[str]:
    """This month and those before it, as `2027-01` (UTC)."""
    first = at.astimezone(UTC).year * 12 + at.astimezone(UTC).month - 1
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(first, first - count, -1)]

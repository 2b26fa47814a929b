"""`/u/{handle}`: a person, as everybody may see them, and their public streams; `/me`: what is theirs to settle."""

from datetime import datetime

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api.pages.devices import device_name
from api.pages.insignia import Insignia, insignia_of
from api.pages.shelves import make_cards
from api.pages.subscribing import PERKS, channel_offer
from api.pages.visit import Visit
from domain.accounts import service as accounts
from domain.accounts.model import User
from domain.assets import service as assets
from domain.badges import service as badges
from domain.history import service as history
from domain.profiles import queries as profiles
from domain.profiles.model import MOST_BIO_CHARACTERS, PLACES, THEMES, Place
from domain.seasons import queries as seasons
from domain.streams import queries as streams
from domain.vods import service as vods
from features.experience import experience_of
from livestreamx.engines.postgres import connection

STREAMS = 24
SEASONS = 6
CLIPS = 12
OVER = frozenset({"ended", "archived"})
BOARDS = {
    "gifts": "gifts",
    "xp": "experience",
    "engagement": "taking part",
    "creators": "creators",
    "patrons": "paid gifts",
}

PLACE_NAMES: dict[Place, str] = {place: place.capitalize() for place in PLACES} | {
    "youtube": "YouTube",
    "tiktok": "TikTok",
    "github": "GitHub",
}


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is to the next level, in experience since the last one."""

    level: int
    xp: int
    done: int
    whole: int

    @classmethod
    def of(cls, person: User) -> "Progress":
        floor, ceiling = experience_of(person.level), experience_of(person.level + 1)
        return cls(level=person.level, xp=person.xp, done=max(0, person.xp - floor), whole=ceiling - floor)


class Medal(msgspec.Struct, frozen=True, kw_only=True):
    """A badge of the person, and when it was earned."""

    look: Insignia
    at: datetime


class ProfilePages(Controller):
    """Never shows an e-mail address or a wallet."""

    @get("/u/{handle:str}")
    async def show(self, handle: FromPath[str], visit: NamedDependency[Visit]) -> Template:
        """The profile; 404 when there is nobody of this name."""
        async with connection(visit.pool) as db:
            person = await accounts.find_by_handle(db, handle)
            followers = await profiles.count_followers(db, person.id)
            following = visit.viewer is not None and await profiles.follows(db, visit.viewer.id, person.id)
            found = await streams.of_creator(db, person.id, None, STREAMS)
            placings = await seasons.placings(db, person.id, SEASONS)
        person = await badges.up_to_date(visit.redis, person)
        earned = await badges.of_user(visit.pool, person.id)
        shown = [stream for stream in found if stream.visibility == "public" and stream.status != "cancelled"]
        clips = await vods.of_creator(visit.pool, person.id, listed=True, before=None, limit=CLIPS)
        cards = await make_cards(visit.redis, shown, visit.settings.session_gap_seconds)
        return visit.page(
            "profile.html",
            site=visit.settings.url,
            person=person,
            progress=Progress.of(person),
            followers=followers,
            following=following,
            offer=await channel_offer(visit, person.id, person.handle) if "creator" in person.roles else None,
            perks=PERKS,
            medals=[Medal(look=insignia_of(one.badge), at=one.earned_at) for one in earned],
            placings=placings,
            boards=BOARDS,
            places=PLACE_NAMES,
            streams=[card for card in cards if card.status not in OVER],
            recordings=[card for card in cards if card.status in OVER],
            clips=clips,
        )

    @get("/me")
    async def settle(self, visit: NamedDependency[Visit]) -> Template | Redirect:
        """One's own profile, files, sessions and choices."""
        if visit.viewer is None or visit.claims is None:
            return visit.sign_in_first()
        async with connection(visit.pool) as db:
            person = await accounts.find(db, visit.viewer.id)
        return visit.page(
            "me.html",
            person=person,
            places=PLACE_NAMES,
            palettes=THEMES,
            most_bio=MOST_BIO_CHARACTERS,
            files=await assets.of_owner(visit.pool, person.id),
            sessions=await accounts.sessions(visit.pool, person.id),
            choice=await history.choice(visit.pool, person.id),
            device_name=device_name,
            this_session=visit.claims.sid,
        )

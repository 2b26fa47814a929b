"""`/u/{handle}`: a person, as everybody may see them, and their public streams."""

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.pages.shelves import make_cards
from api.pages.visit import Visit
from domain.accounts import service as accounts
from domain.profiles import queries as profiles
from domain.streams import queries as streams
from livestreamx.engines.postgres import connection

STREAMS = 24


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
        shown = [stream for stream in found if stream.visibility == "public" and stream.status != "cancelled"]
        return visit.page(
            "profile.html",
            person=person,
            followers=followers,
            following=following,
            streams=await make_cards(visit.redis, shown, visit.settings.session_gap_seconds),
        )

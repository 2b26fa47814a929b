"""All pages as one router, for the composition root."""

from litestar import Router
from litestar.di import Provide

from api.pages.account import AccountPages
from api.pages.admin import AdminPages
from api.pages.channel import ChannelPages
from api.pages.home import HomePages
from api.pages.mod import ModeratorPages
from api.pages.moments import MomentPages
from api.pages.overlay import OverlayPages
from api.pages.pictures import PicturePages
from api.pages.problems import FallbackPages
from api.pages.profile import ProfilePages
from api.pages.reference import ReferencePages
from api.pages.robots import RobotsPages
from api.pages.search import SearchPages
from api.pages.studio import StudioPages
from api.pages.subscriptions import SubscriptionPages
from api.pages.visit import provide_visit
from api.pages.vods import VodPages
from api.pages.wallet import WalletPages
from api.pages.watch import WatchPages


def pages() -> Router:
    """The pages; they are for people, so the API's schema does not list them."""
    return Router(
        "/",
        route_handlers=[
            HomePages,
            WatchPages,
            MomentPages,
            VodPages,
            SearchPages,
            StudioPages,
            ChannelPages,
            AccountPages,
            OverlayPages,
            WalletPages,
            SubscriptionPages,
            ModeratorPages,
            AdminPages,
            ProfilePages,
            ReferencePages,
            PicturePages,
            RobotsPages,
            FallbackPages,
        ],
        dependencies={"visit": Provide(provide_visit)},
        include_in_schema=False,
    )

"""`/robots.txt`: search engines may read what anybody may, but no rooms of one's own and no addresses for programs."""

from litestar import Controller, get
from litestar.enums import MediaType

CLOSED = (
    "/api/",
    "/ws",
    "/schema",
    "/search",
    "/studio",
    "/mod",
    "/admin",
    "/me",
    "/wallet",
    "/o/",
    "/login",
    "/register",
)
RULES = "\n".join(["User-agent: *", *(f"Disallow: {path}" for path in CLOSED), "Allow: /", ""])


class RobotsPages(Controller):
    """For crawlers."""

    @get("/robots.txt", media_type=MediaType.TEXT, sync_to_thread=False, cache=False)
    def robots(self) -> str:
        """Shows, moments and profiles are open to all of them."""
        return RULES

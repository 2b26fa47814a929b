"""How a page is made: the Jinja environment, the addresses of static files and the headers that every page carries."""

from datetime import UTC, datetime
from functools import cache
from hashlib import blake2s
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Router
from litestar.datastructures import CacheControlHeader
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from api.pages import art
from api.pages.views import Viewer
from livestreamx.clock import now

STATIC = Path(__file__).parent.parent / "static"
TEMPLATES = Path(__file__).parent.parent / "templates"
YEAR = 365 * 24 * 3600

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "connect-src 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie",
}
THEMES = frozenset({"light", "dark"})


@cache
def version() -> str:
    """A name for the static files as they are now; it stands in their addresses, so they may be cached for ever."""
    digest = blake2s(digest_size=5)
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(STATIC)).encode() + path.read_bytes())
    return digest.hexdigest()


def asset(path: str) -> str:
    """The address of a static file, such as `css/base.css`."""
    return f"/static/{version()}/{path}"


def static_files() -> Router:
    """The router that serves `api/static`."""
    return create_static_files_router(
        path=f"/static/{version()}",
        directories=[STATIC],
        cache_control=CacheControlHeader(max_age=YEAR, public=True, immutable=True),
    )


def compact(number: float) -> str:
    """12345 as 12.3K."""
    for size, letter in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")):
        if abs(number) >= size:
            return f"{number / size:.1f}".removesuffix(".0") + letter
    return f"{number:g}"


def lasted(since: datetime | None, until: datetime | None = None) -> str:
    """How long it was, or is so far: `3 min`, `2 h 05`, `4 days`."""
    if since is None:
        return ""
    minutes = max(0, int(((until or now()) - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02}"
    return f"{minutes // 1440} days"


def iso(moment: datetime | None) -> str:
    """UTC ISO-8601, for `<time datetime>`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else ""


def readable(moment: datetime | None) -> str:
    """The time as a reader without scripts sees it; scripts put the local one in its place."""
    return moment.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC") if moment else ""


def poster_url(title: str, category: str) -> str:
    """The address of a stream's poster."""
    return f"/posters/{art.poster_seed(title, category)}.svg"


def template_config() -> TemplateConfig[JinjaTemplateEngine]:
    """Templates escape everything they print, and a name that is not there is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"compact": compact, "iso": iso, "readable": readable}
    environment.globals |= {"asset": asset, "lasted": lasted, "poster_url": poster_url}
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment))


def headers(media_url: str) -> dict[str, str]:
    """Those of every page; scripts may also talk to a media server (`ws://` or `wss://`), over sockets and HTTP."""
    if not media_url:
        return HEADERS
    socket = "/".join(media_url.split("/", 3)[:3])
    return HEADERS | {"Content-Security-Policy": f"{POLICY} {socket} http{socket.removeprefix('ws')}"}


def page(
    request: Request[Any, Any, Any],
    name: str,
    viewer: Viewer | None,
    *,
    status: int = 200,
    media_url: str = "",
    **context: Any,
) -> Template:
    """The page made from the template `name`, for a viewer or for nobody, in the theme of their cookie."""
    theme = request.cookies.get("theme", "")
    return Template(
        template_name=name,
        context={
            "path": request.scope["path"],
            "theme": theme if theme in THEMES else "",
            "viewer": viewer,
            **context,
        },
        status_code=status,
        media_type=MediaType.HTML,
        headers=headers(media_url),
    )

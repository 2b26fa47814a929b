"""The guard against requests that another site makes a browser send: origin, and a token tied to the session.

Requests with a bearer token need neither: no browser adds that header by itself.
"""

import hmac
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler

from api.auth.cookies import ACCESS_COOKIE, REFRESH_COOKIE, AnyConnection, csrf_expected
from api.auth.identity import bearer
from livestreamx.errors import Forbidden
from livestreamx.settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER = "x-csrf-token"
BEGINS_SESSION = "begins_session"
"""Handlers with this `opt` make a new session, so a token of an old one is not asked for."""


def is_own_origin(origin: str, host: str, settings: Settings) -> bool:
    """Whether a page of ours sent this: same host and port as the request, or the public address."""
    try:
        asking = urlsplit(origin).netloc
    except ValueError:
        return False
    return asking in {host, urlsplit(settings.url).netloc} - {""}


async def require_same_site(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """`Forbidden` with code `bad_origin` or `csrf_failed`; async, for the framework runs plain guards in threads."""
    if connection.scope["type"] != ScopeType.HTTP or connection.scope["method"] in SAFE:
        return
    if bearer(connection) is not None:
        return
    settings: Settings = connection.app.state.settings
    origin = connection.headers.get("origin")
    if origin is not None and not is_own_origin(origin, connection.headers.get("host", ""), settings):
        raise Forbidden("This request comes from another site", code="bad_origin")
    if handler.opt.get(BEGINS_SESSION) or not {ACCESS_COOKIE, REFRESH_COOKIE} & connection.cookies.keys():
        return
    if origin is None:
        raise Forbidden("A request with cookies must say its origin", code="bad_origin")
    expected = csrf_expected(connection, settings, connection.app.state.tokens)
    given = connection.headers.get(HEADER, "")
    if expected is None or not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise Forbidden(f"Send the CSRF token of your session in {HEADER}", code="csrf_failed")

"""The browser's session: tokens in `__Host-` cookies that scripts cannot read, and a CSRF token that they can."""

from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from domain.accounts.model import SignedIn
from domain.accounts.refresh import csrf_token, session_of
from domain.accounts.tokens import AccessTokens, Claims, derive_key
from livestreamx.errors import Unauthenticated
from livestreamx.settings import Settings

ACCESS_COOKIE = "__Host-access"
REFRESH_COOKIE = "__Host-refresh"
CSRF_COOKIE = "__Host-csrf"
DAY_SECONDS = 24 * 3600

AnyConnection = ASGIConnection[Any, Any, Any, Any]


def _cookie(name: str, value: str | None, seconds: int) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        max_age=seconds,
        path="/",
        secure=True,
        httponly=name != CSRF_COOKIE,
        samesite="lax",
    )


def csrf_of(settings: Settings, signed_in: SignedIn) -> str:
    """The CSRF token of this session."""
    return csrf_token(derive_key(settings.signing_key, "csrf"), signed_in.session_id)


def renew_access_cookie(connection: AnyConnection, response: Response[Any], settings: Settings, access: str) -> None:
    """Let a browser that was known by its access cookie carry this token instead."""
    if ACCESS_COOKIE in connection.cookies and "authorization" not in connection.headers:
        response.set_cookie(_cookie(ACCESS_COOKIE, access, settings.access_minutes * 60))


def set_session_cookies(response: Response[Any], settings: Settings, signed_in: SignedIn) -> None:
    """Let the browser carry the session from now on."""
    seconds = settings.refresh_days * DAY_SECONDS
    response.set_cookie(_cookie(ACCESS_COOKIE, signed_in.access, settings.access_minutes * 60))
    response.set_cookie(_cookie(REFRESH_COOKIE, signed_in.refresh, seconds))
    response.set_cookie(_cookie(CSRF_COOKIE, csrf_of(settings, signed_in), seconds))


def clear_session_cookies(response: Response[Any]) -> None:
    """Let the browser forget the session."""
    for name in (ACCESS_COOKIE, REFRESH_COOKIE, CSRF_COOKIE):
        response.set_cookie(_cookie(name, "", 0))


def claims_in_cookie(connection: AnyConnection, tokens: AccessTokens) -> Claims | None:
    """Whose browser this is; None when its access token is absent, expired or not ours."""
    cookie = connection.cookies.get(ACCESS_COOKIE)
    if not cookie:
        return None
    try:
        return tokens.verify(cookie)
    except Unauthenticated:
        return None


def csrf_expected(connection: AnyConnection, settings: Settings, tokens: AccessTokens) -> str | None:
    """The CSRF token that a request with these cookies must carry; None when they name no session."""
    claims = claims_in_cookie(connection, tokens)
    session_id = claims.sid if claims else session_of(connection.cookies.get(REFRESH_COOKIE, ""))
    return csrf_token(derive_key(settings.signing_key, "csrf"), session_id) if session_id else None

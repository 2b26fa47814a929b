"""Who is asking: the `user` and `visitor` dependencies, from a bearer token or from the browser's cookies."""

from typing import Any

from litestar import Request
from litestar.di import NamedDependency

from domain.accounts.tokens import AccessTokens, Claims
from livestreamx.errors import Unauthenticated

ACCESS_COOKIE = "__Host-access"
SCHEME = "bearer "

AnyRequest = Request[Any, Any, Any]


def bearer(request: AnyRequest) -> str | None:
    """The token in the Authorization header, if there is one."""
    given = request.headers.get("authorization", "")
    return given[len(SCHEME) :].strip() if given.lower().startswith(SCHEME) else None


def provide_visitor(request: AnyRequest, tokens: NamedDependency[AccessTokens]) -> Claims | None:
    """Who is asking, or nobody; a bearer token that is not good is an error all the same."""
    token = bearer(request)
    if token is not None:
        return tokens.verify(token)
    cookie = request.cookies.get(ACCESS_COOKIE)
    if not cookie:
        return None
    try:
        return tokens.verify(cookie)
    except Unauthenticated:
        return None


def provide_user(visitor: NamedDependency[Claims | None]) -> Claims:
    """Who is asking; 401 for nobody."""
    if visitor is None:
        raise Unauthenticated()
    return visitor

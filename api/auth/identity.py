"""Who is asking: the `user` and `visitor` dependencies, from a bearer token or from the browser's cookies."""

from typing import Any

from litestar import Request
from litestar.di import NamedDependency

from api.auth.cookies import AnyConnection, claims_in_cookie
from domain.accounts.tokens import AccessTokens, Claims
from livestreamx.errors import Forbidden, Unauthenticated

SCHEME = "bearer "


def bearer(connection: AnyConnection) -> str | None:
    """The token in the Authorization header, if there is one."""
    given = connection.headers.get("authorization", "")
    return given[len(SCHEME) :].strip() if given.lower().startswith(SCHEME) else None


def visitor_of(connection: AnyConnection, tokens: AccessTokens) -> Claims | None:
    """Who is asking, or nobody. A bearer token that is not good is an error; a cookie that is not good is nobody."""
    token = bearer(connection)
    return tokens.verify(token) if token is not None else claims_in_cookie(connection, tokens)


def user_of(connection: AnyConnection, tokens: AccessTokens) -> Claims:
    """Who is asking; `Unauthenticated` for nobody."""
    visitor = visitor_of(connection, tokens)
    if visitor is None:
        raise Unauthenticated()
    return visitor


def provide_visitor(request: Request[Any, Any, Any], tokens: NamedDependency[AccessTokens]) -> Claims | None:
    return visitor_of(request, tokens)


def provide_user(request: Request[Any, Any, Any], tokens: NamedDependency[AccessTokens]) -> Claims:
    return user_of(request, tokens)


def require_role(user: Claims, role: str) -> None:
    """`Forbidden` with code `role_required`; an admin may do what every role may."""
    if role not in user.roles and not user.is_admin:
        raise Forbidden(f"This takes the role {role}", code="role_required")

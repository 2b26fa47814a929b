"""Who may ask at all, told before anything is said of what they ask: a stranger is answered 401 whatever the body is.

Async, for the framework runs plain guards in threads.
"""

from collections.abc import Awaitable, Callable

from litestar.handlers import BaseRouteHandler

from api.auth.cookies import AnyConnection
from api.auth.identity import require_role, user_of

Guard = Callable[[AnyConnection, BaseRouteHandler], Awaitable[None]]


async def sign_in_first(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """`Unauthenticated` for nobody, where the handler asks for `user`."""
    if "user" in handler.parsed_fn_signature.parameters:
        user_of(connection, connection.app.state.tokens)


def only(role: str) -> Guard:
    """A guard that answers 401 for nobody, 403 `role_required` for who has another role."""

    async def guard(connection: AnyConnection, _: BaseRouteHandler) -> None:
        require_role(user_of(connection, connection.app.state.tokens), role)

    return guard


creator_only = only("creator")
admin_only = only("admin")

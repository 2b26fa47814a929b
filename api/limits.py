"""Limits per client address over HTTP: everything under `/api`, and tighter ones where a handler's `opt` says so."""

import ipaddress

from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from redis.exceptions import RedisError

from api.auth.cookies import AnyConnection
from livestreamx.engines.throttle import Limit
from livestreamx.errors import TooMany

API = Limit("api", 120, 60)
REGISTER = Limit("register", 5, 3600)
LOGIN = Limit("login", 10, 15 * 60)

ADDRESS_LIMITS = "address_limits"
"""The `opt` of a handler that names its own limits: a tuple of `Limit`."""
GUARDED = "guarded"
"""The `opt` of a handler that has limits of its own which hold without Redis: then it is not refused for want of it."""
SIGNED = "signed"
"""The `opt` of a handler whose every request is signed by a service: its few addresses are not counted."""


def client_address(connection: AnyConnection) -> str:
    """Whom a limit counts: an IPv4 address, or the /64 network that one IPv6 customer has.

    Forwarded headers are believed only where the server was told to (`LSX_TRUSTED_PROXIES`).
    """
    host = connection.client.host if connection.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host or "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


async def limit_address(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Count this request against its address; `TooMany` with the time to wait."""
    if connection.scope["type"] != ScopeType.HTTP or not connection.scope["path"].startswith("/api/"):
        return
    state = connection.app.state
    if not state.settings.rate_limits or handler.opt.get(SIGNED):
        return
    who = client_address(connection)
    limits: tuple[Limit, ...] = (API, *handler.opt.get(ADDRESS_LIMITS, ()))
    try:
        refusal = await state.engines.throttle.check(*((limit, who) for limit in limits))
    except RedisError:
        if handler.opt.get(GUARDED):
            return
        raise
    if refusal:
        state.metrics.throttled.labels(refusal.limit.scope).inc()
        raise TooMany("Too many requests from this address", retry_after_ms=refusal.retry_after_ms)

"""What handlers may ask for by name; everything but who is asking is held by the application's state."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from litestar.datastructures import State
from litestar.di import Provide

from api.auth.identity import provide_user, provide_visitor
from livestreamx.observe.request import request_id

HELD = {
    "settings": "settings",
    "tokens": "tokens",
    "metrics": "metrics",
    "pool": "engines.pool",
    "redis": "engines.redis",
    "clickhouse": "engines.clickhouse",
    "emitter": "engines.emitter",
    "bus": "engines.bus",
    "throttle": "engines.throttle",
    "passwords": "engines.passwords",
    "probes": "engines.probes",
    "outbox": "engines.outbox",
    "gifts": "engines.gifts",
    "guard": "engines.guard",
    "chat": "engines.chat",
    "media": "engines.media",
    "ingresses": "engines.ingresses",
    "ballots": "engines.ballots",
    "checkout": "engines.checkout",
    "gateway": "gateway",
    "recommender": "recommender",
    "searcher": "searcher",
}
"""Name -> where the application's state holds it."""


def held(where: str) -> Callable[..., Any]:
    """A provider of what the state holds there."""
    read = attrgetter(where)

    def provide(state: State) -> Any:
        return read(state)

    return provide


def dependencies() -> dict[str, Provide]:
    """All providers by name. `visitor` is nobody or `Claims`, `user` answers 401 for nobody."""
    providers: dict[str, Callable[..., Any]] = {name: held(where) for name, where in HELD.items()}
    providers |= {"request_id": request_id, "visitor": provide_visitor, "user": provide_user}
    return {name: Provide(provider, sync_to_thread=False) for name, provider in providers.items()}

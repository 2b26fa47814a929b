"""Dependencies, one after the other: none of ours waits for anything, so a task for each costs more than it gains."""

from litestar import Litestar
from litestar.routes import HTTPRoute


def provide_in_turn(app: Litestar) -> None:
    """Let every HTTP handler's dependencies be resolved without tasks; those that others need still come first."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for _, arguments in route.route_handler_map.values():
                batches = arguments.dependency_batches
                arguments.dependency_batches = [{dependency} for batch in batches for dependency in batch]

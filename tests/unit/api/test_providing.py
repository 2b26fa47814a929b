"""What handlers ask for is provided one after the other, and what it takes before it."""

from typing import Any

from litestar import Litestar, get
from litestar.di import NamedDependency, Provide
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from api.correlation import Platform
from api.providing import provide_in_turn


def batches_of(app: Litestar) -> list[Any]:
    routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
    return [
        batch for route in routes for _, model in route.route_handler_map.values() for batch in model.dependency_batches
    ]


def test_no_handler_of_ours_waits_for_tasks_of_its_dependencies(platform: Platform) -> None:
    batches = batches_of(platform)
    assert len(batches) > 100
    assert {len(batch) for batch in batches} == {1}


def test_what_a_dependency_takes_comes_before_it() -> None:
    def first() -> int:
        return 1

    def second(first: NamedDependency[int]) -> int:
        return first + 1

    def third(first: NamedDependency[int], second: NamedDependency[int]) -> int:
        return 10 * first + second

    @get("/", sync_to_thread=False)
    def told(third: NamedDependency[int], first: NamedDependency[int], second: NamedDependency[int]) -> list[int]:
        return [first, second, third]

    providers = {
        name: Provide(act, sync_to_thread=False)
        for name, act in (("third", third), ("first", first), ("second", second))
    }
    app = Litestar([told], dependencies=providers)
    provide_in_turn(app)
    assert all(len(batch) == 1 for batch in batches_of(app))
    with TestClient(app) as client:
        assert client.get("/").json() == [1, 2, 12]

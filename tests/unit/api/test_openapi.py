"""The API describes itself truly: valid OpenAPI, nothing left out, examples that fit, refusals as they are."""

from typing import Any

import jsonschema
import msgspec
import pytest
from litestar.routes import HTTPRoute

from api.correlation import Platform
from api.problems import MEDIA_TYPE

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema(platform: Platform) -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(platform.openapi_schema.to_schema()))  # type: ignore[no-any-return]


def operations(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in schema["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_every_route_of_the_api_is_described(platform: Platform, schema: dict[str, Any]) -> None:
    routes = {
        f"{method} {route.path_format}"
        for route in platform.routes
        if isinstance(route, HTTPRoute) and route.path_format.startswith("/api/")
        for method in set(route.methods) - {"OPTIONS", "HEAD"}
    }
    assert routes <= {name for name, _ in operations(schema)}


def test_every_operation_says_what_it_does_and_how_it_refuses(schema: dict[str, Any]) -> None:
    assert schema["components"]["responses"]["Refused"]["content"].keys() == {MEDIA_TYPE}
    for name, operation in operations(schema):
        # A summary without a space is only the handler's name.
        assert operation.get("description") or " " in operation["summary"], name
        assert operation["tags"], name
        assert operation["responses"]["4XX"] == {"$ref": "#/components/responses/Refused"}, name
        assert not {"400", "401", "403", "404"} & operation["responses"].keys(), name
    assert len({operation["operationId"] for _, operation in operations(schema)}) == len(operations(schema))


def test_an_exported_panel_is_described_as_it_comes(schema: dict[str, Any]) -> None:
    files = schema["paths"]["/api/studio/streams/{stream_id}/export"]["get"]["responses"]["200"]["content"]
    jsonschema.validate([{"at": "2027-01-30T19:00:00Z", "messages": 12}], files["application/json"]["schema"])
    assert files["text/csv"]["schema"] == {"type": "string"}
    assert files["application/vnd.apache.parquet"]["schema"] == {"type": "string", "format": "binary"}


def test_references_lead_somewhere(schema: dict[str, Any]) -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str):
                target = schema
                for part in reference.removeprefix("#/").split("/"):
                    target = target[part]
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(schema)


def test_examples_fit_their_schema(schema: dict[str, Any]) -> None:
    checked = 0
    for name, component in schema["components"]["schemas"].items():
        for field, described in component.get("properties", {}).items():
            for example in described.get("examples", ()):
                jsonschema.validate(example, {**described, "components": schema["components"]})
                checked += 1
                assert example not in ("", None), f"{name}.{field}"
        for example in component.get("examples", ()):
            jsonschema.validate(example, {**component, "components": schema["components"]})
    assert checked > 8


def test_bodies_come_with_an_example_and_refuse_unknown_fields(schema: dict[str, Any]) -> None:
    bodies = {
        content["schema"]["$ref"].rsplit("/", 1)[1]
        for _, operation in operations(schema)
        if "requestBody" in operation
        for content in operation["requestBody"]["content"].values()
        if "$ref" in content["schema"]
    }
    assert bodies >= {"Registration", "Credentials", "NewStream"}
    for name in bodies:
        assert schema["components"]["schemas"][name]["examples"], name
        assert schema["components"]["schemas"][name]["additionalProperties"] is False, name


def test_names_are_camel_case(schema: dict[str, Any]) -> None:
    for name, component in schema["components"]["schemas"].items():
        for field in component.get("properties", {}):
            assert "_" not in field, f"{name}.{field}"

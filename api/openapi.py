"""The API's own description: OpenAPI 3.1 at `/schema`, with problem details as the answer to everything refused."""

from dataclasses import dataclass
from typing import Any

from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Reference,
    Schema,
    SecurityScheme,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from api.problems import MEDIA_TYPE

VERSION = "1"
DESCRIPTION = """
Everything under `/api`; live traffic goes over the websocket at `/ws`.

JSON is camelCase, times are UTC (ISO 8601), tokens are whole numbers. Unknown fields are refused. Lists answer
`{items, nextCursor}` and take `limit` (at most 100) and `cursor`. Whatever is refused is answered with problem details
(RFC 9457) that carry a stable `code` and the `requestId`.
"""

PROBLEM_EXAMPLE = {
    "type": "urn:livestreamx:problem:handle_taken",
    "title": "The state does not allow this",
    "status": 409,
    "detail": "The handle ada_plays is taken",
    "instance": "/api/auth/register",
    "code": "handle_taken",
    "requestId": "0197a3c0d5e17c31a0f0b0c4d1e2f3a4",
}

PROBLEM_SCHEMA = Schema(
    type=OpenAPIType.OBJECT,
    title="Problem",
    required=["type", "title", "status", "detail", "instance", "code", "requestId"],
    properties={
        "type": Schema(type=OpenAPIType.STRING, description="names the kind of problem"),
        "title": Schema(type=OpenAPIType.STRING),
        "status": Schema(type=OpenAPIType.INTEGER),
        "detail": Schema(type=OpenAPIType.STRING, description="what happened here, for people"),
        "instance": Schema(type=OpenAPIType.STRING, description="the path that was asked"),
        "code": Schema(type=OpenAPIType.STRING, description="what happened, for programs; stable"),
        "requestId": Schema(type=OpenAPIType.STRING, description="finds the request in our logs"),
        "retryAfterMs": Schema(type=OpenAPIType.INTEGER, description="with 429: when to try again"),
        "errors": Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.OBJECT), description="with 422"),
    },
    examples=[PROBLEM_EXAMPLE],
)
REFUSED = Reference(ref="#/components/responses/Refused")
REFUSAL = OpenAPIResponse(
    description="The request was refused; `code` says why.",
    content={MEDIA_TYPE: OpenAPIMediaType(schema=PROBLEM_SCHEMA)},
)


@dataclass
class DescribedOperation(Operation):
    """An operation whose refusals are problem details, and not the framework's own kind of error."""

    def __post_init__(self) -> None:
        kept = {status: answer for status, answer in (self.responses or {}).items() if int(status) < 400}
        if "204" in kept:
            kept["204"] = OpenAPIResponse(description="Done; there is nothing to say.")
        self.responses = {**kept, "4XX": REFUSED, "503": REFUSED}


def _schema_of_file(media_type: str) -> Schema:
    if media_type == "application/json":
        return Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.OBJECT))
    return Schema(type=OpenAPIType.STRING, format=None if media_type.startswith("text/") else OpenAPIFormat.BINARY)


def answering(*media_types: str) -> type[DescribedOperation]:
    """The operation of a handler that answers files of these types, for its `operation_class`; JSON holds rows."""
    content = {kind: OpenAPIMediaType(schema=_schema_of_file(kind)) for kind in media_types}

    @dataclass
    class FileOperation(DescribedOperation):
        def __post_init__(self) -> None:
            super().__post_init__()
            self.responses = {**(self.responses or {}), "200": OpenAPIResponse(description="A file.", content=content)}

    return FileOperation


class ProblemResponses(ReceiveRoutePlugin):
    """Describes the refusals of every route alike."""

    def receive_route(self, route: BaseRoute) -> None:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.operation_class is Operation:
                    handler.operation_class = DescribedOperation


def describe() -> OpenAPIConfig:
    """How the description is made and where it is served: JSON at `/schema` and `/schema/openapi.json`, YAML beside."""
    schemes: dict[str, Any] = {
        "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT", description="`access` of a sign-in")
    }
    return OpenAPIConfig(
        title="LiveStreamX",
        version=VERSION,
        description=DESCRIPTION.strip(),
        path="/schema",
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"]), YamlRenderPlugin(path="/openapi.yaml")],
        components=Components(responses={"Refused": REFUSAL}, security_schemes=schemes),
        security=[{}, {"bearer": []}],
        use_handler_docstrings=True,
        create_examples=False,
    )

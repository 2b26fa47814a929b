"""What both documents are made of: schemas from Structs, messages with an example."""

from typing import Any

import msgspec

from livestreamx.catalogue import what_of

Json = dict[str, Any]

VERSION = "3.0.0"
RELEASE = "1"
SCHEMAS = "#/components/schemas/{name}"


def as_json(value: Any) -> Any:
    """As JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def schemas_of(kinds: list[type[msgspec.Struct]]) -> Json:
    _, components = msgspec.json.schema_components(kinds, ref_template=SCHEMAS)
    for described in components.values():
        if text := described.get("description"):
            described["description"] = " ".join(text.split())
    return dict(sorted(components.items()))


def message(event: str, kind: type, payload: Json, example: Json, tag: str) -> Json:
    return {
        "name": event,
        "title": event,
        "summary": what_of(kind) or event,
        "contentType": "application/json",
        "tags": [{"name": tag}],
        "payload": payload,
        "examples": [{"name": event, "payload": as_json(example)}],
    }

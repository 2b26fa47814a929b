"""Request bodies in OpenAPI exactly as they are checked: msgspec itself says what it takes, unknown fields included."""

from dataclasses import fields
from typing import Any

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.spec import Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from livestreamx.examples import example_of

ALIASES = {spec.metadata.get("alias", spec.name): spec.name for spec in fields(Schema)}
MANY = frozenset({"anyOf", "oneOf", "allOf"})
ONE = frozenset({"items", "additionalProperties"})
REFERENCE = "#/$defs/{name}"


def as_schema(described: dict[str, Any], parts: dict[str, Any]) -> Schema:
    """A JSON schema as the framework's object; references are written out, bodies are never recursive."""
    if "$ref" in described:
        return as_schema(parts[described["$ref"].rsplit("/", 1)[1]], parts)
    given: dict[str, Any] = {}
    for name, value in described.items():
        if name == "properties":
            given[name] = {field: as_schema(inner, parts) for field, inner in value.items()}
        elif name in MANY:
            given[ALIASES[name]] = [as_schema(inner, parts) for inner in value]
        elif name in ONE and isinstance(value, dict):
            given[ALIASES[name]] = as_schema(value, parts)
        else:
            given[ALIASES[name]] = value
    return Schema(**given)


class BodySchemas(OpenAPISchemaPlugin):
    """Describes every body: the Structs that refuse what they do not know."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        if not (isinstance(value, type) and issubclass(value, msgspec.Struct)):
            return False
        return value.__struct_config__.forbid_unknown_fields

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        body = field_definition.annotation
        (described,), parts = msgspec.json.schema_components([body], ref_template=REFERENCE)
        schema = schema_creator.schema_registry.get_schema_for_field_definition(field_definition)
        exact = as_schema(described, parts)
        for spec in fields(Schema):
            setattr(schema, spec.name, getattr(exact, spec.name))
        schema.examples = [msgspec.json.decode(msgspec.json.encode(example_of(body)))]
        return schema

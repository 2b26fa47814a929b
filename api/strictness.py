"""Bodies as they are described: Litestar would take `"5"` for 5, so every JSON body is first decoded strictly."""

from functools import cache
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException


@cache
def decoder_for(body: Any) -> msgspec.json.Decoder[Any]:
    """The strict decoder of a body's type."""
    return msgspec.json.Decoder(body)


def misfit(error: msgspec.ValidationError) -> ValidationException:
    """What to answer for a value that is not of the type that is described; it names the field."""
    message, _, path = str(error).partition(" - at ")
    return ValidationException(extra=[{"key": path.strip("`") or "$", "message": message}])


async def refuse_loose_body(request: Request[Any, Any, Any]) -> None:
    """Before a handler: `ValidationException` naming the field when a value is not of the type that is described.

    A body that is no JSON at all is left to the framework, which says so.
    """
    field = request.route_handler.parsed_data_field
    raw = await request.body() if field else b""
    if field is None or not raw:
        return
    try:
        decoder_for(field.annotation).decode(raw)
    except msgspec.ValidationError as error:
        raise misfit(error) from error
    except msgspec.DecodeError:
        return

"""AsyncAPI beside OpenAPI: `/schema/asyncapi.json` for the rooms, `/schema/events.json` for the Kafka topics."""

from typing import Any
from urllib.parse import urlsplit

from litestar import Controller, get
from litestar.di import NamedDependency

from livestreamx.asyncapi import event_document, room_document
from livestreamx.settings import Settings
from realtime.routes import VIEWS


class ReferenceController(Controller):
    """Documents made from the types."""

    path = "/schema"
    include_in_schema = False

    @get("/asyncapi.json", sync_to_thread=True)
    def rooms(self, settings: NamedDependency[Settings]) -> dict[str, Any]:
        """Frames both ways, their answers and the close codes."""
        address = urlsplit(settings.url)
        return room_document(VIEWS, address.netloc, "wss" if address.scheme == "https" else "ws")

    @get("/events.json", sync_to_thread=True)
    def events(self) -> dict[str, Any]:
        """The topics and their events."""
        return event_document()

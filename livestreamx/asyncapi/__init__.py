"""AsyncAPI 3.0 documents written from the types: one of the rooms' websocket, one of the events in Kafka."""

from livestreamx.asyncapi.events import event_document
from livestreamx.asyncapi.rooms import room_document

__all__ = ["event_document", "room_document"]

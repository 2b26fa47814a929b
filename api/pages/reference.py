"""`/reference`: the API for people: where its descriptions are, and every frame of the rooms with an example."""

from functools import cache
from typing import Any

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.response import Template

from api.pages.visit import Visit
from livestreamx import frames
from livestreamx.asyncapi import room_document
from livestreamx.frames.closing import CLOSINGS
from realtime.routes import VIEWS

WHO = {"anyone": "anybody", "viewer": "signed in", "moderator": "creator, moderators"}


class FrameEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A frame in the reference; `who` may send it, or the channel that shows it."""

    name: str
    what: str
    who: str
    example: str


def _entry(message: dict[str, Any], who: str) -> FrameEntry:
    shown = msgspec.json.format(msgspec.json.encode(message["examples"][0]["payload"])).decode()
    what = "" if message["summary"] == message["name"] else message["summary"]
    return FrameEntry(name=message["name"], what=what, who=who, example=shown)


@cache
def frame_entries() -> tuple[list[FrameEntry], list[FrameEntry]]:
    """What clients send, and what the server tells."""
    messages = room_document(VIEWS)["components"]["messages"]
    sent = [message for key, message in messages.items() if key.startswith("client.")]
    told = [message for key, message in messages.items() if key.startswith("server.")]
    return (
        [_entry(message, WHO[message["x-sender"]]) for message in sent],
        [_entry(message, message["tags"][0]["name"]) for message in told],
    )


class ReferencePages(Controller):
    """For whoever writes a client."""

    @get("/reference", sync_to_thread=True)
    def reference(self, visit: NamedDependency[Visit]) -> Template:
        """Everything on one page."""
        sent, told = frame_entries()
        return visit.page(
            "reference.html", sent=sent, told=told, closings=CLOSINGS, subprotocols=(frames.JSON, frames.MSGPACK)
        )

    @get("/reference/parts", sync_to_thread=False)
    def parts(self, visit: NamedDependency[Visit]) -> Template:
        """What pages are made of, in each of its states."""
        return visit.page("parts.html")

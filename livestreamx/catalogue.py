"""The catalogue of events and frames, written from their types.

`python -m livestreamx.catalogue` prints docs/events.md.
"""

import types
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec

from livestreamx import events, frames
from livestreamx.topics import ALL

NAMES = {
    UUID: "uuid",
    datetime: "time",
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
ENVELOPE = events.Event


def type_name(kind: Any) -> str:
    """A type as a reader of JSON would name it."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " \\| ".join(f"`{value}`" for value in inner)
    named = [type_name(part) for part in inner if isinstance(part, type) or get_origin(part)]
    if origin is Annotated:
        return named[0] + "".join(_limits(meta) for meta in inner[1:])
    if origin in (Union, types.UnionType):
        return " \\| ".join(named)
    if origin in (tuple, list):
        return f"list of {named[0]}"
    if origin is dict:
        return f"map of {named[1]}"
    return NAMES.get(kind) or kind.__name__


def _limits(meta: Any) -> str:
    if not isinstance(meta, msgspec.Meta):
        return ""
    bounds = {"min_length": "at least {} long", "max_length": "at most {} long", "ge": "≥ {}", "le": "≤ {}"}
    said = [text.format(value) for name, text in bounds.items() if (value := getattr(meta, name)) is not None]
    return f" ({', '.join(said)})" if said else ""


def _fields(struct: type[msgspec.Struct], leaving_out: frozenset[str] = frozenset()) -> str:
    told = []
    for field in msgspec.structs.fields(struct):
        if field.name not in leaving_out:
            optional = "" if field.required else "?"
            told.append(f"`{field.encode_name}`{optional} {type_name(field.type)}")
    return "; ".join(told) or "nothing more"


def what_of(struct: type) -> str:
    """What the type says of itself, in one line."""
    own = struct.__dict__.get("__doc__") or ""
    return " ".join(own.split())


def _events() -> list[str]:
    envelope = frozenset(ENVELOPE.__struct_fields__)
    lines = [
        "## Events in Kafka",
        "",
        f"One flat JSON object a record. Every event carries the envelope: `type`; {_fields(ENVELOPE)}.",
        "The record's key is the stream, else the creator, else the user, so one stream's events stay in order.",
        "",
    ]
    for topic in ALL:
        lines += [
            f"### Topic `{topic.name}`",
            "",
            f"{topic.purpose}. {topic.partitions} partitions, kept {topic.retention_ms // 86_400_000} days.",
            "",
        ]
        members = [event for event in events.EVENTS if event.topic is topic]
        if members:
            lines += ["| type | what | beside the envelope |", "|---|---|---|"]
            lines += [
                f"| `{events.tag_of(event)}` | {what_of(event)} | {_fields(event, envelope)} |" for event in members
            ]
            lines.append("")
    return lines


def _frames() -> list[str]:
    lines = [
        "## Frames on the websocket",
        "",
        'A client sends `{"event", "id", "data"}` and gets one `ack` or `error` with the same `id`.',
        'The server sends `{"event", "seq", "ts", "data"}`: `seq` rises by one in each room; private frames have none.',
        "",
        "### From the client",
        "",
        "| event | who may send it | data |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {kind.sender} | {_fields(kind.data)} |" for name, kind in frames.CLIENT_FRAMES.items()]
    lines += ["", "### From the server", "", "| event | channel | data |", "|---|---|---|"]
    lines += [f"| `{name}` | {kind.channel} | {_fields(kind.data)} |" for name, kind in frames.SERVER_FRAMES.items()]
    lines += ["", "Kept for the server, so that a client that sends one is refused with `server_only_event`:", ""]
    lines.append(", ".join(f"`{name}`" for name in sorted(frames.SERVER_ONLY)) + ".")
    lines += ["", "### Parts", "", "| type | fields |", "|---|---|"]
    parts = (frames.Person, frames.LeaderboardRow)
    lines += [f"| {part.__name__} | {_fields(part)} |" for part in parts]
    return lines


def markdown() -> str:
    """The whole page."""
    head = [
        "# Events and frames",
        "",
        "Written from the types by `make docs`; do not edit. `?` marks what may be left out.",
        "",
    ]
    return "\n".join([*head, *_events(), *_frames(), ""])


if __name__ == "__main__":
    print(markdown(), end="")  # noqa: T201

"""The rooms' websocket: its addresses, the frames both ways, their answers, and why a connection ends."""

from collections.abc import Mapping

import msgspec

from livestreamx import errors, frames
from livestreamx.asyncapi.parts import RELEASE, SCHEMAS, VERSION, Json, message, schemas_of
from livestreamx.examples import AT, example_of
from livestreamx.frames.closing import CLOSINGS

DESCRIPTION = """One connection per viewer and stream. Every client frame is answered once, in order, by `ack` or
`error` with its `id`. Frames of the room carry `seq`, rising by one; private frames have none. The same frames travel
as JSON in text messages and as MessagePack in binary ones, by subprotocol."""
WHO = {"anyone": "Anybody", "viewer": "Whoever is signed in", "moderator": "The creator and moderators"}
ID: Json = {"anyOf": [{"type": "string", "maxLength": 64}, {"type": "integer", "minimum": 0}, {"type": "null"}]}
TIME: Json = {"type": "string", "format": "date-time"}
SEQ: Json = {"type": "integer", "minimum": 1}


def _message_key(side: str, event: str) -> str:
    return f"{side}.{event.replace(':', '.')}"


def _envelope(event: str, data: str, carried: Json, required: list[str]) -> Json:
    """The schema of a whole frame; `data` names the schema of its data."""
    return {
        "type": "object",
        "required": ["event", *required, "data"],
        "properties": {"event": {"const": event}, **carried, "data": {"$ref": SCHEMAS.format(name=data)}},
    }


def _client_message(event: str, kind: frames.ClientFrameType) -> Json:
    payload = _envelope(event, kind.data.__name__, {"id": ID}, [])
    example = {"event": event, "id": "c1", "data": example_of(kind.data)}
    return message(event, kind.data, payload, example, kind.channel) | {"x-sender": kind.sender}


def _server_message(event: str, kind: frames.ServerFrameType) -> Json:
    is_private = kind.channel == "private"
    carried = {"ts": TIME} if is_private else {"seq": SEQ, "ts": TIME}
    payload = _envelope(event, kind.data.__name__, carried, list(carried))
    example = {"event": event, "ts": AT, "data": example_of(kind.data), **({} if is_private else {"seq": 12})}
    return message(event, kind.data, payload, example, kind.channel)


def _ack(kind: type[msgspec.Struct]) -> Json:
    payload = _envelope("ack", kind.__name__, {"id": ID}, ["id"])
    return message("ack", kind, payload, {"event": "ack", "id": "c1", "data": example_of(kind)}, "private")


def _error() -> Json:
    usual = {
        kind.code: kind.title for kind in errors.DomainError.__subclasses__() if kind.__module__ == errors.__name__
    }
    codes = usual | ROOM_CODES
    data = {"code": "rate_limited", "message": "You are too fast: slow down", "retryAfterMs": 1200}
    example = {"event": "error", "id": "c1", "data": data}
    payload = _envelope("error", "Refusal", {"id": ID}, ["id"])
    return message("error", errors.DomainError, payload, example, "private") | {"x-codes": codes}


ROOM_CODES = {
    "muted": "A timeout in this channel: `until` and `retryAfterMs` say for how long",
    "banned": "A ban from this channel that does not end by itself: `until` is null",
    "mode_restricted": "The chat's mode does not let this through: `mode` says which",
    "blocked_term": "The message holds a term that is blocked here",
    "message_refused": "The chat's filters do not let this through: `reasons` says why",
    "duplicate_message": "This was said a moment ago",
}
"""What acts in a room are refused with beside the usual codes."""
REFUSAL: Json = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string", "description": "what happened, for programs; stable"},
        "message": {"type": "string", "description": "what happened, for people"},
        "retryAfterMs": {"type": "integer", "minimum": 0, "description": "when to try again"},
        "until": {"anyOf": [TIME, {"type": "null"}], "description": "of `muted` and `banned`: when it ends"},
    },
}


def _room_messages() -> Json:
    acks = {_message_key("ack", event): _ack(kind.answer) for event, kind in frames.CLIENT_FRAMES.items()}
    return {
        **{_message_key("client", event): _client_message(event, kind) for event, kind in frames.CLIENT_FRAMES.items()},
        **{_message_key("server", event): _server_message(event, kind) for event, kind in frames.SERVER_FRAMES.items()},
        **acks,
        "error": _error(),
    }


def _address(channels: frozenset[str]) -> Json:
    properties = {
        "stream": {"type": "string", "format": "uuid"},
        "channels": {"type": "string", "description": f"some of {', '.join(sorted(channels))}, comma between"},
        "epoch": {"type": "string", "description": "with `seq`, the last frame that you have"},
        "seq": {"type": "integer", "minimum": 0},
    }
    subprotocol = {"type": "string", "enum": [frames.JSON, frames.MSGPACK]}
    return {
        "ws": {
            "method": "GET",
            "query": {"type": "object", "required": ["stream"], "properties": properties},
            "headers": {"type": "object", "properties": {"Sec-WebSocket-Protocol": subprotocol}},
            "bindingVersion": "0.1.0",
        }
    }


def _channel(path: str, shown: frozenset[str]) -> Json:
    seen = shown | {"private"}
    told = {_message_key("server", event) for event, kind in frames.SERVER_FRAMES.items() if kind.channel in seen}
    asked = {_message_key(side, event) for event in frames.CLIENT_FRAMES for side in ("client", "ack")}
    return {
        "address": path,
        "title": path,
        "description": f"Shows {', '.join(sorted(shown))}.",
        "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in sorted(told | asked | {"error"})},
        "bindings": _address(shown),
        "x-close-codes": {str(code): {"why": why, "whatToDo": what} for code, (why, what) in CLOSINGS.items()},
    }


def _reference(channel: str, key: str) -> Json:
    return {"$ref": f"#/channels/{channel}/messages/{key}"}


def _room_operations(channel: str, messages: Json) -> Json:
    place = {"$ref": f"#/channels/{channel}"}
    told = [_reference(channel, key) for key in messages if key.startswith("server.")]
    operations: Json = {f"{channel}.tell": {"action": "send", "channel": place, "messages": told}}
    for event, kind in frames.CLIENT_FRAMES.items():
        answers = [_reference(channel, _message_key("ack", event)), _reference(channel, "error")]
        operations[f"{channel}.{event.replace(':', '.')}"] = {
            "action": "receive",
            "channel": place,
            "summary": f"{WHO[kind.sender]} may send it.",
            "messages": [_reference(channel, _message_key("client", event))],
            "reply": {"channel": place, "messages": answers},
        }
    return operations


def room_document(views: Mapping[str, frozenset[str]], host: str = "localhost:4000", protocol: str = "ws") -> Json:
    """The websocket; `views` are its addresses and the channels that each shows."""
    channels = {path.strip("/").replace("/", "-"): _channel(path, shown) for path, shown in views.items()}
    operations: Json = {}
    for name, channel in channels.items():
        operations |= _room_operations(name, channel["messages"])
    kinds: list[type[msgspec.Struct]] = [kind.data for kind in frames.CLIENT_FRAMES.values()]
    kinds += [kind.answer for kind in frames.CLIENT_FRAMES.values()]
    kinds += [kind.data for kind in frames.SERVER_FRAMES.values()]
    return {
        "asyncapi": VERSION,
        "info": {"title": "LiveStreamX rooms", "version": RELEASE, "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {"platform": {"host": host, "protocol": protocol, "protocolVersion": "13"}},
        "channels": channels,
        "operations": operations,
        "components": {
            "schemas": {**schemas_of(kinds), "Refusal": REFUSAL},
            "messages": _room_messages(),
        },
    }

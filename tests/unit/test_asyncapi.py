"""The AsyncAPI documents are valid, leave nothing out, and their examples are what they say."""

import gzip
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import jsonschema
import msgspec
import pytest

import realtime
from domain.commands.rules import as_action, read_args
from domain.economy.catalogue import GIFTS
from domain.moderation.model import Banned
from livestreamx import events, frames
from livestreamx.asyncapi import event_document, room_document
from livestreamx.clock import now
from livestreamx.frames.closing import CLOSINGS
from realtime.routes import VIEWS
from realtime.session import Session
from realtime.wire import Close

OFFICIAL = Path(__file__).parent / "schemas" / "asyncapi-3.0.0.json.gz"
"""AsyncAPI's own schema, unchanged from the npm package @asyncapi/specs 6.11.1 (Apache-2.0)."""
WEBSOCKET = Path(__file__).parents[2] / "docs" / "websocket.md"
DOCUMENTS = {"rooms": room_document(VIEWS), "events": event_document()}
REQUESTS = {kind.data for kind in frames.CLIENT_FRAMES.values()}
BOTH = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)


@pytest.fixture(scope="module")
def official() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(msgspec.json.decode(gzip.decompress(OFFICIAL.read_bytes())))


@BOTH
def test_the_official_schema_takes_it(official: jsonschema.Draft7Validator, document: dict[str, Any]) -> None:
    assert [error.message for error in official.iter_errors(document)] == []
    broken = document | {"operations": {"x": {"action": "shout", "channel": {"$ref": "#/channels/ws"}}}}
    assert not official.is_valid(broken)


@BOTH
def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
            target: Any = document
            for part in reference.removeprefix("#/").split("/"):
                target = target[part]
        for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            walk(inner)

    walk(document)


@BOTH
def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    components = document["components"]
    for key, message in components["messages"].items():
        for example in message["examples"]:
            jsonschema.validate(example["payload"], {**message["payload"], "components": components})
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([], {**message["payload"], "components": components})
        assert message["summary"], key


def test_a_slow_mode_is_off_or_at_least_three_seconds_in_the_document_too() -> None:
    mode = jsonschema.Draft202012Validator(DOCUMENTS["rooms"]["components"]["schemas"]["SetChatMode"])
    assert [seconds for seconds in range(-1, 122) if mode.is_valid({"slowSeconds": seconds})] == [0, *range(3, 121)]


def test_the_gift_in_the_document_can_be_sent() -> None:
    shown = DOCUMENTS["rooms"]["components"]["messages"]["client.gift.send"]["examples"][0]["payload"]["data"]
    gift = next(gift for gift in GIFTS if gift.code == shown["code"])
    assert gift.command_action
    read_args(as_action(gift.command_action), shown["args"], gift.command_args)


def test_every_frame_is_in_it_with_who_may_send_it() -> None:
    messages = DOCUMENTS["rooms"]["components"]["messages"]
    sent = {m["name"]: m["x-sender"] for key, m in messages.items() if key.startswith("client.")}
    told = {m["name"] for key, m in messages.items() if key.startswith("server.")}
    assert sent == {event: kind.sender for event, kind in frames.CLIENT_FRAMES.items()}
    assert told == set(frames.SERVER_FRAMES)
    assert "error" in messages


def answers_of_handlers() -> Iterator[tuple[type[frames.Request], type[msgspec.Struct]]]:
    """What each method takes and gives that answers a frame of a client."""
    for module in pkgutil.iter_modules(realtime.__path__, "realtime."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            for _, method in inspect.getmembers(kind, inspect.iscoroutinefunction):
                hints = get_type_hints(method) if kind.__module__ == module.name else {}
                asked, given = next(iter(list(hints.values())[1:2]), None), hints.get("return", type(None))
                if hints.get("session") is Session and asked in REQUESTS and given is not type(None):
                    yield asked, given


def test_every_ack_is_what_its_handler_gives() -> None:
    documented = {(kind.data, kind.answer) for kind in frames.CLIENT_FRAMES.values()}
    assert set(answers_of_handlers()) == documented
    messages = DOCUMENTS["rooms"]["components"]["messages"]
    for event, kind in frames.CLIENT_FRAMES.items():
        ack = messages[f"ack.{event.replace(':', '.')}"]
        assert ack["payload"]["properties"]["data"]["$ref"].endswith(f"/{kind.answer.__name__}")


def test_a_view_shows_its_channels_only() -> None:
    channels = DOCUMENTS["rooms"]["channels"]
    assert {channel["address"] for channel in channels.values()} == set(VIEWS)
    chat = channels["ws-chat"]["messages"]
    assert "server.chat.message" in chat
    assert "server.room.state" in chat
    assert "server.gift.received" not in chat


def test_the_page_says_what_an_overlay_is_shown() -> None:
    shown = ", ".join(sorted(VIEWS["/ws/overlay"]))
    assert f"| `/ws/overlay` | {shown}; not counted as a viewer |" in WEBSOCKET.read_text()


def test_every_event_is_in_its_topic() -> None:
    channels = DOCUMENTS["events"]["channels"]
    for event in events.EVENTS:
        assert events.tag_of(event) in channels[event.topic.name]["messages"]


def test_every_close_code_is_explained() -> None:
    assert set(CLOSINGS) == set(Close) - {Close.NO_STATUS}
    page = WEBSOCKET.read_text()
    for code, closing in CLOSINGS.items():
        if code != Close.NORMAL:
            assert f"| {code} | {closing.why} | {closing.what_to_do} |" in page


def test_a_timeout_and_a_ban_are_told_apart() -> None:
    codes = DOCUMENTS["rooms"]["components"]["messages"]["error"]["x-codes"]
    timeout, ban = Banned(now() + timedelta(minutes=1), "spam"), Banned(None, "spam")
    assert [timeout.given_code, ban.given_code] == ["muted", "banned"]
    assert {timeout.given_code, ban.given_code, "rate_limited", "mode_restricted", "blocked_term"} <= codes.keys()
    assert 0 < timeout.extra["retryAfterMs"] <= 60_000
    assert ban.extra == {"until": None}

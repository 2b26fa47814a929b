"""Gifts that act: refused before they are charged, queued once, played in turn, given back when they cannot play."""

import asyncio
import secrets
from typing import Any

import pytest
from httpx import AsyncClient

from livestreamx.engines.postgres import Pool
from tests.integration.commanding import (
    balance,
    books_are_in_order,
    gift_state,
    give,
    rich,
    rows,
    run_due,
    shift,
    states,
    told,
)
from tests.integration.people import Person, refusal

BIDI = "\u202eevil\u2066"


async def test_a_gift_that_acts_is_charged_and_queued_once(api: AsyncClient, pool: Pool) -> None:
    stream = await (await Person.creator(api)).go_live()
    fan = await rich(api)
    key = secrets.token_hex(8)
    first = await give(fan, stream, "CONFETTI", {"overlay": "snow"}, key)
    again = await give(fan, stream, "CONFETTI", {"overlay": "snow"}, key)
    assert first.status_code == 201, first.text
    assert first.json() == again.json()
    assert await states(pool, stream) == [("overlay.play", "queued")]
    assert await told(pool, stream, "command.queued") == 1
    assert refusal(await give(fan, stream, "CONFETTI", {"overlay": "crown"}, key)) == (409, "idempotency_key_reused")
    assert await balance(fan) == 1050
    assert await rows(pool, "SELECT args FROM commands WHERE stream_id = %s", stream) == [({"overlay": "snow"},)]


async def test_a_plain_gift_takes_no_arguments_and_queues_nothing(api: AsyncClient, pool: Pool) -> None:
    stream = await (await Person.creator(api)).go_live()
    fan = await rich(api, 0)
    assert refusal(await give(fan, stream, "HEART", {"overlay": "snow"})) == (422, "command_invalid")
    assert (await give(fan, stream, "HEART", {})).status_code == 201
    assert await states(pool, stream) == []
    assert await balance(fan) == 95


HOSTILE: dict[str, tuple[str, dict[str, Any]]] = {
    "unknown key": ("CONFETTI", {"overlay": "confetti", "script": "x"}),
    "key outside the catalogue": ("CONFETTI", {"overlay": "../../etc/passwd"}),
    "markup as a key": ("BG_SWAP", {"background": "<script>alert(1)</script>"}),
    "bidi as a key": ("FILTER", {"filter": f"noir{BIDI}"}),
    "wrong type": ("CONFETTI", {"overlay": 5}),
    "too strong a boss": ("WHEEL", {"game": "boss", "hp": 10**9}),
    "too weak a boss": ("WHEEL", {"game": "boss", "hp": -1}),
    "a tug with one side": ("WHEEL", {"game": "tug", "left": "love", "right": "love"}),
    "a huge number": ("WHEEL", {"game": "boss", "hp": 2**70}),
    "no text": ("SHOUT", {}),
    "nothing to read": ("SHOUT", {"text": "\u200b\u202e ... !!"}),
    "nothing but markup": ("SHOUT", {"text": "<b></b>"}),
    "an address": ("SHOUT", {"text": "win at https://evil.example"}),
    "a bare domain": ("SHOUT", {"text": "go to evil.com now"}),
    "a slur in disguise": ("SHOUT", {"text": "you f4gg0t"}),
    "a slur spelt out": ("SHOUT", {"text": "k y s please"}),
    "a scream": ("SHOUT", {"text": "a" * 50}),
    "too long": ("SHOUT", {"text": "word " * 30}),
    "huge": ("SHOUT", {"text": "x y" * 50_000}),
    "huge key": ("CONFETTI", {"o" * 100_000: "confetti"}),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_hostile_arguments_are_refused_by_field_and_charge_nothing(
    api: AsyncClient, pool: Pool, case: str
) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live()
    await creator.ask("PUT", "/api/me/commands", json={"actions": {"tts.say": True}})
    fan = await rich(api)
    code, args = HOSTILE[case]
    answer = await give(fan, stream, code, args)
    assert refusal(answer) == (422, "command_invalid"), answer.text
    assert answer.json()["field"].startswith("args")
    assert len(answer.text) < 2000
    assert await balance(fan) == 1100
    assert await states(pool, stream) == []


async def test_what_may_be_read_out_is_cleaned(api: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live()
    await creator.ask("PUT", "/api/me/commands", json={"actions": {"tts.say": True}})
    fan = await rich(api)
    text = f"<b>Hello</b> {BIDI}sky says 1 < 2"
    assert (await give(fan, stream, "SHOUT", {"text": text})).status_code == 201
    assert await rows(pool, "SELECT args ->> 'text' FROM commands WHERE stream_id = %s", stream) == [
        ("Hello evilsky says 1 < 2",)
    ]


async def test_switches_are_the_creators_and_are_asked_before_charging(api: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live()
    fan = await rich(api)
    switches = (await creator.ask("GET", "/api/me/commands")).json()["actions"]
    assert [action for action, is_on in switches.items() if not is_on] == ["tts.say"]
    assert len(switches) == 7
    assert refusal(await give(fan, stream, "SHOUT", {"text": "hello"})) == (422, "command_not_allowed")
    turned = await creator.ask("PUT", "/api/me/commands", json={"actions": {"tts.say": True, "overlay.play": False}})
    assert turned.json()["actions"] == switches | {"tts.say": True, "overlay.play": False}
    assert refusal(await give(fan, stream, "CONFETTI")) == (422, "command_not_allowed")
    assert await balance(fan) == 1100
    assert (await give(fan, stream, "SHOUT", {"text": "hello"})).status_code == 201
    assert refusal(await creator.ask("PUT", "/api/me/commands", json={"actions": {"rm -rf": True}}))[0] == 422
    assert refusal(await fan.ask("GET", "/api/me/commands")) == (403, "role_required")
    assert await states(pool, stream) == [("tts.say", "queued")]


async def test_no_help_without_a_fight_and_no_second_game(api: AsyncClient, pool: Pool) -> None:
    stream = await (await Person.creator(api)).go_live()
    fan = await rich(api)
    assert refusal(await give(fan, stream, "HAMMER")) == (422, "command_not_allowed")
    assert (await give(fan, stream, "WHEEL", {"game": "boss", "hp": 100})).status_code == 201
    await run_due(pool)
    assert refusal(await give(fan, stream, "WHEEL")) == (422, "command_not_allowed")
    assert (await give(fan, stream, "HAMMER")).status_code == 201
    assert await balance(fan) == 1100 - 250 - 25


async def test_the_queue_holds_twenty_also_when_many_ask_at_once(api: AsyncClient, pool: Pool) -> None:
    stream = await (await Person.creator(api)).go_live()
    fans = await asyncio.gather(*(rich(api, 0) for _ in range(26)))
    answers = await asyncio.gather(*(give(fan, stream, "CONFETTI") for fan in fans))
    charged = [fan for fan, answer in zip(fans, answers, strict=True) if answer.status_code == 201]
    refused = [refusal(answer) for answer in answers if answer.status_code != 201]
    assert refused == [(409, "command_queue_full")] * 6
    assert len(await states(pool, stream)) == 20
    assert sorted([await balance(fan) for fan in fans]) == [50] * 20 + [100] * 6
    assert {await balance(fan) for fan in charged} == {50}
    await shift(pool, stream, 31)
    await run_due(pool)


async def test_one_plays_at_a_time_and_an_action_cools_down(api: AsyncClient, pool: Pool) -> None:
    stream = await (await Person.creator(api)).go_live()
    fan = await rich(api)
    for code in ("CONFETTI", "CONFETTI", "ROCKET"):
        assert (await give(fan, stream, code)).status_code == 201
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["running", "queued", "queued"]
    await shift(pool, stream, 9)
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["done", "queued", "running"]
    await shift(pool, stream, 9)
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["done", "queued", "done"]
    assert [await told(pool, stream, f"command.{what}") for what in ("queued", "started", "done")] == [3, 2, 2]


async def test_what_waits_too_long_is_given_back_exactly_once(api: AsyncClient, pool: Pool) -> None:
    stream = await (await Person.creator(api)).go_live()
    fan = await rich(api)
    gifts = [(await give(fan, stream, "CONFETTI")).json()["giftEventId"] for _ in range(3)]
    await run_due(pool)
    await shift(pool, stream, 31)
    await asyncio.gather(*(run_due(pool) for _ in range(4)))
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["done", "expired", "expired"]
    assert [await gift_state(pool, gift) == "refunded" for gift in gifts] == [False, True, True]
    assert await balance(fan) == 1100 - 50
    assert await told(pool, stream, "command.expired") == 2
    assert await books_are_in_order(pool)


async def test_what_cannot_play_any_more_is_rejected_and_given_back(api: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live()
    fan = await rich(api)
    assert (await give(fan, stream, "BG_SWAP", {"background": "city"})).status_code == 201
    assert (await give(fan, stream, "ROCKET")).status_code == 201
    await creator.ask("PUT", "/api/me/commands", json={"actions": {"scene.background": False}})
    await run_due(pool)
    assert await rows(pool, "SELECT state, reason FROM commands WHERE stream_id = %s ORDER BY queued_at", stream) == [
        ("rejected", "switched_off"),
        ("running", ""),
    ]
    assert await balance(fan) == 1100 - 100
    await shift(pool, stream, 6)
    assert (await give(fan, stream, "CONFETTI")).status_code == 201
    assert (await creator.ask("POST", f"/api/streams/{stream}/end")).status_code == 200
    await run_due(pool)
    assert (
        await rows(pool, "SELECT reason FROM commands WHERE stream_id = %s AND action = 'overlay.play'", stream)
    ) == [("not_live",)]
    assert await balance(fan) == 1100 - 100
    assert await books_are_in_order(pool)


async def test_a_command_moves_forward_only(api: AsyncClient, pool: Pool) -> None:
    stream = await (await Person.creator(api)).go_live()
    fan = await rich(api)
    await give(fan, stream, "CONFETTI")
    await run_due(pool)
    for change in ("state = 'queued'", "state = 'expired'", "args = '{}'", "sender_id = creator_id", "ends_at = now()"):
        with pytest.raises(Exception, match="a command only moves"):
            await rows(pool, f"UPDATE commands SET {change} WHERE stream_id = %s RETURNING 1", stream)


async def test_a_scene_is_its_owners_and_told_once(api: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live()
    changed = await creator.ask(
        "PATCH", f"/api/streams/{stream}/scene", json={"filter": "noir", "overlays": ["snow"], "backgroundKey": "city"}
    )
    assert changed.json() == {"theme": "plain", "filter": "noir", "backgroundKey": "city", "overlays": ["snow"]}
    same = await creator.ask("PATCH", f"/api/streams/{stream}/scene", json={"filter": "noir"})
    assert same.json() == changed.json()
    assert await told(pool, stream, "scene.changed") == 1
    for bad in ({"filter": "url(evil)"}, {"overlays": ["snow"] * 6}, {"backgroundKey": "x" * 99}, {"css": "x"}):
        assert refusal(await creator.ask("PATCH", f"/api/streams/{stream}/scene", json=bad))[0] == 422
    stranger = await Person.creator(api)
    assert refusal(await stranger.ask("PATCH", f"/api/streams/{stream}/scene", json={"filter": "none"})) == (
        403,
        "not_owner",
    )

"""Gifts that act: refused before they are charged, queued once, played in turn, given back when they cannot play."""

import asyncio
import secrets
from typing import Any

import pytest
from httpx import AsyncClient

from domain.commands.model import EXPIRY_SECONDS
from livestreamx.engines.postgres import Pool, transaction
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
    "nothing but brackets": ("SHOUT", {"text": "<></>"}),
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
        ("<b>Hello</b> evilsky says 1 < 2",)
    ]


async def test_what_the_chat_would_not_show_is_not_read_out_either(api: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live()
    await creator.ask("PUT", "/api/me/commands", json={"actions": {"tts.say": True}})
    fan = await rich(api, 0)
    channel = f"/api/creators/{creator.id}"
    for term, action in (("grumbleword", "refuse"), ("mumbleword", "hold")):
        await creator.ask("POST", f"{channel}/blocked-terms", json={"text": term, "action": action})
    await creator.ask("PUT", f"{channel}/chat-policy", json={"capitals": "refuse"})
    for text in ("say grumbleword please", "say GRUMBLEW0RD", "say mumbleword please"):
        assert refusal(await give(fan, stream, "SHOUT", {"text": text})) == (422, "blocked_term"), text
    loud = await give(fan, stream, "SHOUT", {"text": "THIS IS ALL CAPITALS HERE"})
    assert refusal(loud) == (422, "message_refused")
    assert (await balance(fan), await states(pool, stream)) == (100, [])

    assert (await give(fan, stream, "SHOUT", {"text": "say fumbleword please"})).status_code == 201
    await creator.ask("POST", f"{channel}/blocked-terms", json={"text": "fumbleword", "action": "refuse"})
    await run_due(pool)
    assert await rows(pool, "SELECT state, reason FROM commands WHERE stream_id = %s", stream) == [
        ("rejected", "words_refused")
    ]
    assert await balance(fan) == 100


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


async def test_a_popular_overlay_or_sound_plays_for_everyone_at_once(api: AsyncClient, pool: Pool) -> None:
    stream = await (await Person.creator(api)).go_live()
    fans = await asyncio.gather(*(rich(api, 0) for _ in range(25)))
    codes = ["ROCKET" if place % 2 else "CONFETTI" for place in range(len(fans))]
    answers = await asyncio.gather(*(give(fan, stream, code) for fan, code in zip(fans, codes, strict=True)))
    assert {answer.status_code for answer in answers} == {201}
    await run_due(pool)
    assert {state for _, state in await states(pool, stream)} == {"running"}
    await shift(pool, stream, 31)
    await run_due(pool)
    assert {state for _, state in await states(pool, stream)} == {"done"}
    assert [await told(pool, stream, f"command.{what}") for what in ("started", "done", "expired")] == [25, 25, 0]
    assert sorted([await balance(fan) for fan in fans]) == [0] * 12 + [50] * 13


async def boss_fight(api: AsyncClient, pool: Pool) -> tuple[str, Person]:
    """A stream where a boss is on, that nothing waits in; and who began the fight."""
    stream = await (await Person.creator(api)).go_live()
    starter = await rich(api)
    assert (await give(starter, stream, "WHEEL", {"game": "boss", "hp": 10_000})).status_code == 201
    await run_due(pool)
    await shift(pool, stream, 6)
    await run_due(pool)
    return stream, starter


async def end_turn(pool: Pool, stream: str, *, waited: float) -> None:
    """What runs has had its time, and what waits has waited so many seconds, however long that really took."""
    async with transaction(pool) as db:
        await db.execute("SET LOCAL session_replication_role = replica")  # time may do what no statement may
        await db.execute(
            "UPDATE commands SET ends_at = clock_timestamp() WHERE stream_id = %s AND state = 'running'", (stream,)
        )
        await db.execute(
            "UPDATE commands SET expires_at = clock_timestamp() + make_interval(secs => %s) "
            "WHERE stream_id = %s AND state = 'queued'",
            (EXPIRY_SECONDS - waited, stream),
        )


async def test_the_queue_holds_twenty_also_when_many_ask_at_once_and_all_of_them_play(
    api: AsyncClient, pool: Pool
) -> None:
    stream, _ = await boss_fight(api, pool)
    fans = await asyncio.gather(*(rich(api, 0) for _ in range(26)))
    answers = await asyncio.gather(*(give(fan, stream, "HAMMER") for fan in fans))
    refused = [refusal(answer) for answer in answers if answer.status_code != 201]
    assert refused == [(409, "command_queue_full")] * 6
    assert sorted([await balance(fan) for fan in fans]) == [75] * 20 + [100] * 6
    for turn in range(1, 21):
        await run_due(pool)
        assert [state for _, state in await states(pool, stream)].count("running") == 1, "one at a time"
        await end_turn(pool, stream, waited=1.35 * turn)
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["done"] * 21
    assert sorted([await balance(fan) for fan in fans]) == [75] * 20 + [100] * 6


async def test_one_changes_the_show_at_a_time_and_an_action_cools_down(api: AsyncClient, pool: Pool) -> None:
    stream = await (await Person.creator(api)).go_live()
    fan = await rich(api)
    for code in ("BG_SWAP", "FILTER", "CONFETTI"):
        assert (await give(fan, stream, code)).status_code == 201
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["running", "queued", "running"]
    await shift(pool, stream, 9)
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["done", "running", "done"]
    assert (await give(fan, stream, "BG_SWAP")).status_code == 201
    await shift(pool, stream, 9)
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["done", "done", "done", "queued"], "18 s of 30"
    await shift(pool, stream, 13)
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["done", "done", "done", "running"]
    assert [await told(pool, stream, f"command.{what}") for what in ("queued", "started", "done")] == [4, 4, 3]
    assert await balance(fan) == 1100 - 200 - 150 - 50 - 200


async def test_what_could_not_play_in_time_is_refused_uncharged_with_when_it_could(
    api: AsyncClient, pool: Pool
) -> None:
    stream = await (await Person.creator(api)).go_live()
    fans = await asyncio.gather(*(rich(api) for _ in range(4)))
    answers = [await give(fan, stream, "BG_SWAP") for fan in fans]
    assert [answer.status_code for answer in answers] == [201, 429, 429, 429]
    for answer in answers[1:]:
        assert refusal(answer) == (429, "command_cooling")
        assert 0 < answer.json()["retryAfterMs"] <= 2000, "from when on it would start before it expires"
        assert 1 <= int(answer.headers["Retry-After"]) <= 2
    assert [await balance(fan) for fan in fans] == [900, 1100, 1100, 1100]
    await run_due(pool)
    await shift(pool, stream, 15)
    assert (await give(fans[1], stream, "BG_SWAP")).status_code == 201
    again = await give(fans[2], stream, "BG_SWAP")
    assert refusal(again) == (429, "command_cooling")
    assert 5_000 < again.json()["retryAfterMs"] <= 16_000, "after the one that waits, and its cooldown"
    await shift(pool, stream, 15)
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["done", "running"]
    assert [await balance(fan) for fan in fans] == [900, 900, 1100, 1100]


async def test_what_waits_too_long_is_given_back_exactly_once(api: AsyncClient, pool: Pool) -> None:
    stream = await (await Person.creator(api)).go_live()
    fan = await rich(api)
    gifts = [(await give(fan, stream, code)).json()["giftEventId"] for code in ("BG_SWAP", "FILTER", "CONFETTI")]
    await shift(pool, stream, 31)  # no executor was there
    await asyncio.gather(*(run_due(pool) for _ in range(4)))
    await run_due(pool)
    assert [state for _, state in await states(pool, stream)] == ["expired"] * 3
    assert [await gift_state(pool, gift) for gift in gifts] == ["refunded"] * 3
    assert await balance(fan) == 1100
    assert await told(pool, stream, "command.expired") == 3
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


async def test_the_gifts_of_a_stream_tell_what_they_triggered_and_what_became_of_it(
    api: AsyncClient, pool: Pool
) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live()
    fan = await rich(api)

    async def listed() -> list[tuple[str, str | None, str]]:
        items = (await fan.ask("GET", f"/api/streams/{stream}/gift-events")).json()["items"]
        return [(one["giftCode"], one["triggeredAction"], one["state"]) for one in items]

    for code in ("CONFETTI", "HEART"):
        assert (await give(fan, stream, code)).status_code == 201
    assert await listed() == [("HEART", None, "delivered"), ("CONFETTI", "overlay.play", "charged")]
    await run_due(pool)
    await shift(pool, stream, 15)
    await run_due(pool)
    assert await listed() == [("HEART", None, "delivered"), ("CONFETTI", "overlay.play", "delivered")]
    assert (await give(fan, stream, "BG_SWAP")).status_code == 201
    await shift(pool, stream, 31)
    await run_due(pool)
    assert (await listed())[0] == ("BG_SWAP", "scene.background", "refunded")


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
    assert changed.json() == {
        "theme": "plain",
        "filter": "noir",
        "backgroundKey": "city",
        "backgroundAssetId": None,
        "overlays": ["snow"],
    }
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

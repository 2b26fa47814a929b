"""A gift that acts, seen from the room of a running platform: triggers, scenes, games and their proof."""

import contextlib
import secrets

import httpx
import msgspec
import pytest

from features.fairness import Proof, faults
from livestreamx.client import Account, Refused, Room
from tests.builders import eventually, go_live, make_user
from tests.integration.watching import Watcher, state_for_newcomer


async def rich(http: httpx.AsyncClient) -> Account:
    fan = await make_user(http)
    await fan.call("POST", "/api/wallet/topup", {"amount": 1000}, Idempotency_Key=secrets.token_hex(8))
    return fan


async def hit(room: Room, watcher: Watcher, hp: int) -> int:
    """React until the boss has lost something; how often that was."""
    strikes = 0

    async def strike() -> bool:
        nonlocal strikes
        with contextlib.suppress(Refused):  # one reaction a second
            await room.ask("mood:react", mood="hype")
            strikes += 1
        return any(frame["hp"] < hp for frame in watcher.seen("minigame:update"))

    await eventually(strike, bool)
    return strikes


async def test_a_command_passes_through_the_room_and_leaves_its_scene(http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    fan, watcher = await rich(http), Watcher()
    async with Room(str(http.base_url), stream, fan, on_frame=watcher.frames.append) as room:
        ack = await room.ask("gift:send", code="BG_SWAP", args={"background": "ocean"})
        shown = await watcher.wait("overlay:trigger", kind="scene.background", commandId=ack["giftEventId"])
        assert (shown["animationKey"], shown["actor"]) == ("ocean", fan.handle)
        assert 0 < shown["durationMs"] <= 15_000
        scene = await watcher.wait("overlay:trigger", kind="scene")
        assert scene["scene"]["background"] == "ocean"
        await watcher.wait("overlay:trigger", kind="command.done", commandId=ack["giftEventId"])
    for kind in ("command.queued", "scene.background", "command.done", "scene", "gift"):
        assert len(watcher.seen("overlay:trigger", kind=kind)) == 1, kind
    newcomer = await state_for_newcomer(http, stream)
    plain = {"theme": "plain", "filter": "none", "overlays": [], "backgroundUrl": "", "layers": []}
    assert newcomer["scene"] == {**plain, "background": "ocean"}


async def test_a_boss_falls_to_gifts_and_reactions_and_the_draw_can_be_checked(http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    fan, friend, watcher = await rich(http), await rich(http), Watcher()
    async with (
        Room(str(http.base_url), stream, fan, on_frame=watcher.frames.append) as room,
        Room(str(http.base_url), stream, friend) as other,
    ):
        await room.ask("gift:send", code="WHEEL", args={"game": "boss", "hp": 60})
        begun = await watcher.wait("minigame:start")
        newcomer = await state_for_newcomer(http, stream)
        assert newcomer["minigame"] == begun
        running = await friend.call("GET", f"/api/minigames/{begun['gameId']}")
        assert (running["seed"], running["proof"], running["seedHash"]) == (None, None, begun["seedHash"])
        strikes = await hit(other, watcher, 60)
        await other.ask("gift:send", code="HEART", qty=40)
        await room.ask("gift:send", code="HAMMER")
        over = await watcher.wait("minigame:end", gameId=begun["gameId"], state="resolved")
    assert over["winner"] in {fan.handle, friend.handle}
    assert over["seedHash"] == begun["seedHash"]
    game = await friend.call("GET", f"/api/minigames/{begun['gameId']}")
    proof = msgspec.convert(game["proof"], Proof)
    assert faults(proof, begun["seedHash"]) == []
    points = {entry.user: entry.points for entry in proof.inputs.entries}
    assert points.keys() == {fan.user_id, friend.user_id}
    assert points[fan.user_id] == 25 + 25 // 5, "the blow and its tokens; the gift that began the game came before it"
    assert 41 <= points[friend.user_id] <= 40 + strikes
    winner = await http.get(f"/api/users/{over['winner']}")
    assert "boss_slayer" in winner.json()["badges"]
    assert (await state_for_newcomer(http, stream))["minigame"] is None


async def test_a_wheel_gives_its_starter_a_prize_that_is_no_token(http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    fan, watcher = await rich(http), Watcher()
    async with Room(str(http.base_url), stream, fan, on_frame=watcher.frames.append) as room:
        ack = await room.ask("gift:send", code="WHEEL")
        begun = await watcher.wait("minigame:start", game="wheel")
        assert sum(begun["choices"].values()) == 100
        over = await watcher.wait("minigame:end", state="resolved")
    assert (over["winner"], over["outcome"] in begun["choices"]) == (fan.handle, True)
    assert (await fan.call("GET", "/api/wallet"))["tokens"] == ack["balance"]


async def test_blocked_words_are_refused_over_the_socket_as_in_the_chat(http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    await creator.call("PUT", "/api/me/commands", {"actions": {"tts.say": True}})
    await creator.call(
        "POST", f"/api/creators/{creator.user_id}/blocked-terms", {"text": "grumbleword", "action": "refuse"}
    )
    fan = await rich(http)
    async with Room(str(http.base_url), stream, fan) as room:
        with pytest.raises(Refused, match="blocked_term"):
            await room.ask("gift:send", code="SHOUT", args={"text": "say grumbleword please"})
    assert (await fan.call("GET", "/api/wallet"))["tokens"] == 1100


async def test_a_creator_tests_the_overlay_and_nobody_else_does(http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    fan, watcher = await make_user(http), Watcher()
    async with (
        Room(str(http.base_url), stream, creator, on_frame=watcher.frames.append) as room,
        Room(str(http.base_url), stream, fan) as other,
    ):
        await room.ask("overlay:test")
        shown = await watcher.wait("overlay:trigger", kind="test")
        assert (shown["actor"], shown["durationMs"]) == (creator.handle, 5000)
        with pytest.raises(Refused, match="forbidden"):
            await other.ask("overlay:test")

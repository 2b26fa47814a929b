"""Who keeps order and who is banned: known on every gateway at once, at every door, and noted."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from livestreamx.client import Account, Refused
from livestreamx.engines.postgres import Pool
from tests.builders import eventually, go_live, make_user
from tests.integration.gateways import GatewayProcess, Viewer
from tests.integration.people import events_of
from tests.integration.shows import Show

pytestmark = pytest.mark.usefixtures("farewell")


async def ban(by: Account, stream: str, user: Account, **given: Any) -> dict[str, Any]:
    banned: dict[str, Any] = await by.call("POST", f"/api/streams/{stream}/bans", {"userId": user.user_id, **given})
    return banned


def moderators(creator: Account) -> str:
    return f"/api/creators/{creator.user_id}/moderators"


async def name_moderator(show: Show, web: AsyncClient) -> Account:
    friend = await make_user(web)
    await show.creator.call("PUT", f"{moderators(show.creator)}/{friend.user_id}")
    return friend


async def refused(call: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await call
    return refusal.value.code


async def test_a_moderator_is_known_while_they_watch(show: Show, web: AsyncClient, pool: Pool) -> None:
    friend = await make_user(web)
    watching = await show.enter(friend)
    assert (await watching.ask("overlay:test"))["data"]["code"] == "forbidden"
    path = f"{moderators(show.creator)}/{friend.user_id}"
    assert await show.creator.call("PUT", path) == {"moderator": True, "changed": True}
    assert await show.creator.call("PUT", path) == {"moderator": True, "changed": False}
    assert (await watching.first("standing:changed"))["moderator"] is True
    assert (await watching.ask("overlay:test"))["event"] == "ack"
    later = await show.enter(friend)
    assert (await later.ask("overlay:test"))["event"] == "ack"
    listed = await friend.call("GET", moderators(show.creator))
    assert [one["id"] for one in listed["items"]] == [friend.user_id]
    assert await friend.call("DELETE", path) == {"moderator": False, "changed": True}
    await watching.until(lambda v: len(v.seen("standing:changed")) == 2)
    assert (await watching.ask("overlay:test"))["data"]["code"] == "forbidden"
    assert await refused(friend.call("GET", moderators(show.creator))) == "forbidden"
    for kind in ("moderation.moderator_granted", "moderation.moderator_revoked"):
        assert await events_of(pool, show.creator.user_id, kind) == 1


async def test_a_ban_holds_on_both_gateways_at_once_and_at_every_door(
    show: Show, pair: list[GatewayProcess], web: AsyncClient, pool: Pool
) -> None:
    friend, rowdy = await name_moderator(show, web), await make_user(web)
    here = await show.enter(rowdy)
    there = await Viewer(pair[1].url, show.stream).open(rowdy.access)
    bystander = await show.enter(await make_user(web))
    banned = await ban(friend, show.stream, rowdy, durationS=600, reason="Advertising")
    for viewer in (here, there):
        await viewer.until(lambda v: any(a["event"] == "error" and a["id"] is None for a in v.answers))
        told = next(answer for answer in viewer.answers if answer["id"] is None)["data"]
        assert (told["code"], told["until"][:19]) == ("muted", banned["until"][:19])
        for event, data in (
            ("chat:message", {"text": "still here?"}),
            ("mood:react", {"mood": "angry"}),
            ("gift:send", {"code": "HEART"}),
        ):
            answer = await viewer.ask(event, data)
            assert answer["data"]["code"] == "muted", answer
            assert answer["data"]["until"] == told["until"]
            assert 0 < answer["data"]["retryAfterMs"] <= 600_000
            assert "Advertising" in answer["data"]["message"]
    gift = rowdy.call("POST", f"/api/streams/{show.stream}/gifts", {"code": "HEART"}, Idempotency_Key="k")
    assert await refused(gift) == "muted"
    late = await Viewer(pair[1].url, show.stream).open(rowdy.access)
    assert (await late.ask("chat:message", {"text": "me again"}))["data"]["code"] == "muted"
    await ban(friend, show.stream, rowdy, reason="Advertising")
    for viewer in (late, there):
        await viewer.until(lambda v: any(a["id"] is None and a["data"]["code"] == "banned" for a in v.answers))
    for_good = (await late.ask("chat:message", {"text": "and again"}))["data"]
    assert (for_good["code"], for_good["until"], "retryAfterMs" in for_good) == ("banned", None, False)
    await bystander.say("they read on, though")
    await late.until(lambda v: v.texts == ["they read on, though"])
    listed = await friend.call("GET", f"/api/streams/{show.stream}/bans")
    assert [(one["userId"], one["reason"]) for one in listed["items"]] == [(rowdy.user_id, "Advertising")]
    assert await events_of(pool, show.stream, "moderation.banned") == 2
    await friend.call("DELETE", f"/api/streams/{show.stream}/bans/{rowdy.user_id}")
    await there.until(lambda v: [f["data"]["banned"] for f in v.seen("standing:changed")] == [True, True, False])
    await there.say("forgiven")


async def test_a_timeout_ends_by_itself(show: Show, web: AsyncClient, pool: Pool) -> None:
    rowdy = await make_user(web)
    viewer = await show.enter(rowdy)
    await ban(show.creator, show.stream, rowdy, durationS=600)
    await viewer.first("standing:changed")
    assert (await viewer.ask("chat:message", {"text": "x"}))["data"]["code"] == "muted"
    async with pool.connection() as db:
        await db.execute(
            "UPDATE channel_bans SET until = clock_timestamp() + interval '0.3 s' WHERE user_id = %s", (rowdy.user_id,)
        )
    again = await show.enter(rowdy)
    await eventually(lambda: again.ask("chat:message", {"text": "over"}), lambda answer: answer["event"] == "ack")
    assert (await show.creator.call("GET", f"/api/streams/{show.stream}/bans"))["items"] == []


async def test_who_may_ban_whom(show: Show, web: AsyncClient, pool: Pool) -> None:
    friend, other = await name_moderator(show, web), await name_moderator(show, web)
    stranger, _ = await go_live(web)
    assert await refused(ban(friend, show.stream, show.creator)) == "cannot_ban"
    assert await refused(ban(friend, show.stream, other)) == "cannot_ban"
    assert await refused(ban(stranger, show.stream, friend)) == "forbidden"
    assert await refused(ban(other, show.stream, friend, durationS=9)) == "invalid"
    assert (await ban(show.creator, show.stream, friend))["until"] is None
    assert await refused(friend.call("GET", moderators(show.creator))) == "forbidden"
    path = f"{moderators(show.creator)}/{friend.user_id}"
    assert await refused(show.creator.call("PUT", path)) == "banned"
    missing = show.creator.call("DELETE", f"/api/streams/{show.stream}/bans/{other.user_id}")
    assert await refused(missing) == "ban_not_found"


async def test_two_moderators_ban_at_once(show: Show, web: AsyncClient, pool: Pool) -> None:
    friend, other = await name_moderator(show, web), await name_moderator(show, web)
    rowdy = await make_user(web)
    await asyncio.gather(*(ban(who, show.stream, rowdy) for who in (friend, other, show.creator) for _ in range(3)))
    listed = await friend.call("GET", f"/api/streams/{show.stream}/bans")
    assert [one["userId"] for one in listed["items"]] == [rowdy.user_id]
    assert await events_of(pool, show.stream, "moderation.banned") == 9
    path = f"/api/streams/{show.stream}/bans/{rowdy.user_id}"
    lifted = await asyncio.gather(*(who.call("DELETE", path) for who in (friend, other)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in lifted) == ["NoneType", "Refused"]

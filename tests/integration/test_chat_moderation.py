"""What moderators do in a chat: everybody sees it on every gateway, newcomers too, and each act is recorded once."""

import asyncio
import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from domain.audit import service as audit
from domain.audit.model import Search
from livestreamx import keys
from livestreamx.client import Account, Refused
from livestreamx.engines.postgres import Pool
from tests.builders import make_user
from tests.integration.gateways import GatewayProcess, Viewer
from tests.integration.people import events_of
from tests.integration.shows import Show

pytestmark = pytest.mark.usefixtures("farewell")


async def moderator(show: Show, web: AsyncClient) -> Account:
    friend = await make_user(web)
    await show.creator.call("PUT", f"/api/creators/{show.creator.user_id}/moderators/{friend.user_id}")
    return friend


async def code_of(viewer: Viewer, event: str, data: dict[str, Any]) -> str:
    answer = await viewer.ask(event, data)
    assert answer["event"] == "error", answer
    return str(answer["data"]["code"])


async def refused(call: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await call
    return refusal.value.code


async def recent(url: str, stream: str) -> list[str]:
    """What a newcomer is told of the chat."""
    async with Viewer(url, stream) as newcomer:
        return [message["text"] for message in (await newcomer.first("room:state"))["chat"]]


async def test_a_deleted_message_is_gone_everywhere(
    show: Show, pair: list[GatewayProcess], web: AsyncClient, pool: Pool
) -> None:
    friend = await moderator(show, web)
    author, keeper = await show.enter(show.viewer), await show.enter(friend)
    there = await Viewer(pair[1].url, show.stream).open()
    said = [(await author.say(text))["messageId"] for text in ("first words", "second words")]
    answers = await asyncio.gather(
        keeper.ask("chat:delete", {"messageId": said[0], "reason": "off topic"}),
        show.creator.call("DELETE", f"/api/chat/{said[0]}"),
    )
    assert sorted([answers[0]["data"]["deleted"], answers[1]["deleted"]]) == [False, True]
    assert (await there.first("chat:deleted"))["messageId"] == said[0]
    assert await recent(pair[1].url, show.stream) == ["second words"]
    assert await events_of(pool, show.stream, "chat.deleted") == 1
    assert len(there.seen("chat:deleted")) == 1
    log = await audit.read(pool, None, 10, Search(channel_id=UUID(show.creator.user_id)))
    assert [entry.action for entry in log] == ["chat.deleted", "moderator.granted"]


async def test_authors_take_back_their_own_for_a_while(show: Show, web: AsyncClient, pool: Pool) -> None:
    author, other = await show.enter(show.viewer), await show.enter(await make_user(web))
    said = (await author.say("I did not mean that"))["messageId"]
    assert await code_of(other, "chat:delete", {"messageId": said}) == "forbidden"
    assert (await author.ask("chat:delete", {"messageId": said}))["data"] == {"deleted": True}
    assert await code_of(author, "chat:delete", {"messageId": str(uuid4())}) == "message_not_found"
    assert await refused(show.viewer.call("DELETE", f"/api/chat/{uuid4()}")) == "message_not_found"
    assert await audit.read(pool, None, 10, Search(channel_id=UUID(show.creator.user_id))) == []


async def test_a_pinned_message_stays_in_view_until_it_is_deleted(
    show: Show, pair: list[GatewayProcess], pool: Pool
) -> None:
    owner, viewer = await show.enter(show.creator), await show.enter(show.viewer)
    said = (await viewer.say("the schedule: quiz at nine"))["messageId"]
    assert await code_of(viewer, "chat:pin", {"messageId": said}) == "forbidden"
    assert await code_of(owner, "chat:pin", {"messageId": str(uuid4())}) == "message_not_found"
    assert (await owner.ask("chat:pin", {"messageId": said}))["event"] == "ack"
    assert (await viewer.first("chat:pinned"))["pinned"]["text"] == "the schedule: quiz at nine"
    late = await Viewer(pair[1].url, show.stream).open()
    assert (await late.first("room:state"))["pinned"]["messageId"] == said
    await owner.ask("chat:delete", {"messageId": said})
    await late.until(lambda v: [f["data"]["pinned"] for f in v.seen("chat:pinned")] == [None])
    assert (await show.creator.call("GET", f"/api/streams/{show.stream}/chat"))["pinned"] is None
    assert await events_of(pool, show.stream, "moderation.chat_pin") == 2


async def test_clearing_one_person_or_all(show: Show, pair: list[GatewayProcess], web: AsyncClient) -> None:
    owner, viewer, other = await show.enter(show.creator), await show.enter(show.viewer), await make_user(web)
    noisy = await show.enter(other)
    for viewer_, text in ((viewer, "calm words"), (noisy, f'"user":{{"id":"{show.viewer.user_id}"'), (noisy, "noise")):
        await viewer_.say(text)
    assert (await owner.ask("chat:clear", {"userId": other.user_id}))["event"] == "ack"
    assert (await viewer.first("chat:cleared"))["userId"] == other.user_id
    assert await recent(pair[1].url, show.stream) == ["calm words"]
    await show.creator.call("POST", f"/api/streams/{show.stream}/chat/clear", {})
    await viewer.until(lambda v: [f["data"]["userId"] for f in v.seen("chat:cleared")] == [other.user_id, None])
    assert await recent(pair[0].url, show.stream) == []


async def test_a_mode_is_told_to_all_and_outlives_the_room_in_redis(
    show: Show, pair: list[GatewayProcess], redis: AsyncRedis, pool: Pool
) -> None:
    owner, viewer = await show.enter(show.creator), await show.enter(show.viewer)
    assert await code_of(viewer, "chat:mode", {"slowSeconds": 30}) == "forbidden"
    assert await code_of(owner, "chat:mode", {"slowSeconds": 2}) == "invalid"
    assert await code_of(owner, "chat:mode", {"slowSeconds": 121}) == "invalid"
    assert (await owner.ask("chat:mode", {"slowSeconds": 30}))["data"] == {"version": 2}
    assert (await owner.ask("chat:mode", {"slowSeconds": 30}))["data"] == {"version": 2}
    mode = await viewer.first("chat:mode")
    assert (mode["slowSeconds"], mode["reason"]) == (30, "moderator")
    late = await Viewer(pair[1].url, show.stream).open()
    assert (await late.first("room:state"))["mode"]["slowSeconds"] == 30
    await redis.delete(*(key(show.stream) for key in (keys.room_epoch, keys.room_seq, keys.room_frames)))
    for watching in (viewer, late):
        await watching.until(lambda v: len(v.seen("room:state")) == 2)
        assert watching.seen("room:state")[1]["data"]["mode"]["slowSeconds"] == 30
    assert await events_of(pool, show.stream, "moderation.chat_mode") == 1


async def test_slow_mode_and_who_is_exempt(show: Show, web: AsyncClient) -> None:
    await show.creator.call("PUT", f"/api/streams/{show.stream}/chat/mode", {"slowSeconds": 30})
    viewer, keeper = await show.enter(show.viewer), await show.enter(await moderator(show, web))
    began = time.monotonic()
    await viewer.say("once")
    answer = (await viewer.ask("chat:message", {"text": "twice"}))["data"]
    assert (answer["code"], answer["mode"]) == ("mode_restricted", "slow")
    assert 29_000 - 1000 * (time.monotonic() - began) < answer["retryAfterMs"] <= 30_000
    for text in ("one", "two", "three", "four"):
        await keeper.say(text)


async def test_followers_subscribers_emotes_unique_shield(show: Show, web: AsyncClient, pool: Pool) -> None:
    path = f"/api/streams/{show.stream}/chat/mode"
    viewer, creator_id = await show.enter(show.viewer), show.creator.user_id

    async def under(mode: dict[str, Any], text: str) -> str:
        """What becomes of a message under a mode: `ack`, or which mode does not let it through."""
        before = len(viewer.seen("chat:mode"))
        await show.creator.call("PUT", path, mode)
        await viewer.until(lambda v: len(v.seen("chat:mode")) > before)
        async with asyncio.timeout(60):
            while True:
                answer = await viewer.ask("chat:message", {"text": text})
                if answer["data"].get("code") != "rate_limited":
                    return str(answer["data"].get("mode", answer["event"]))
                await asyncio.sleep(answer["data"]["retryAfterMs"] / 1000)

    assert await under({"emotesOnly": True}, "words and PogChamp") == "emotes"
    assert await under({"emotesOnly": True}, "PogChamp 😂 ❤️") == "ack"
    assert await under({"uniqueOnly": True}, "said by nobody") == "ack"
    assert await under({"uniqueOnly": True}, "SAID by nobody!!") == "unique"
    assert await under({"subscribersOnly": True}, "let me in") == "subscribers"
    assert await under({"followersMinutes": 10}, "let me in") == "followers"
    await show.viewer.call("PUT", f"/api/creators/{creator_id}/follow")
    async with pool.connection() as db:
        subscribed = (
            "INSERT INTO subscriptions (creator_id, user_id, tier, price_minor, currency, idempotency_key, state, "
            "started_at, renews_at) VALUES (%s, %s, 1, 499, 'usd', 'k', 'active', now(), now() + interval '1 day')"
        )
        await db.execute(subscribed, (creator_id, show.viewer.user_id))
    assert await under({"followersMinutes": 0}, "I follow") == "ack"
    assert await under({"followersMinutes": 10}, "let me in") == "followers"
    assert await under({"subscribersOnly": True}, "I subscribe") == "ack"
    assert await under({"shield": True}, "an account made today") == "shield"
    assert await under({}, "open again") == "ack"

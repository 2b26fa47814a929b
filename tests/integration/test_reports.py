"""Reports, unban requests and the moderators' log: decided once, each with its event."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from livestreamx.client import Account, Refused
from livestreamx.engines.postgres import Pool
from tests.builders import go_live, make_user
from tests.integration.people import events_of
from tests.integration.shows import Show

pytestmark = pytest.mark.usefixtures("farewell")


async def refused(call: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await call
    return refusal.value.code


async def outcome(by: Account, path: str, body: Any = None) -> str:
    """The new state, or the code of the refusal."""
    try:
        return str((await by.call("POST", path, body))["state"])
    except Refused as refusal:
        return refusal.code


async def test_a_reported_message_is_kept_as_it_was_and_closed_once(show: Show, web: AsyncClient, pool: Pool) -> None:
    author, reporter = await show.enter(show.viewer), await make_user(web)
    said = (await author.say("an insult that will be gone"))["messageId"]
    complaint = {"streamId": show.stream, "messageId": said, "reason": "insults"}
    filed = await reporter.call("POST", "/api/reports", complaint)
    assert (filed["userId"], filed["excerpt"]) == (show.viewer.user_id, "an insult that will be gone")
    assert await refused(reporter.call("POST", "/api/reports", complaint)) == "already_reported"
    assert await refused(show.viewer.call("POST", "/api/reports", complaint)) == "self_report"
    _, elsewhere = await go_live(web)
    assert await refused(reporter.call("POST", "/api/reports", {**complaint, "streamId": elsewhere})) == (
        "message_not_found"
    )
    nobody = {"streamId": show.stream, "reason": "x"}
    assert await refused(reporter.call("POST", "/api/reports", nobody)) == "invalid"
    await show.creator.call("DELETE", f"/api/chat/{said}")
    (listed,) = (await show.creator.call("GET", "/api/mod/reports"))["items"]
    assert listed["excerpt"] == "an insult that will be gone"
    assert (await reporter.call("GET", "/api/mod/reports"))["items"] == []
    path = f"/api/mod/reports/{filed['id']}"
    assert await outcome(reporter, f"{path}/resolve") == "forbidden"
    ends = await asyncio.gather(*(outcome(show.creator, f"{path}/{way}") for way in ("resolve", "dismiss") * 2))
    assert sorted(ends)[:3] == ["already_decided"] * 3
    for kind in ("moderation.reported", "moderation.report_closed"):
        assert await events_of(pool, show.stream, kind) == 1
    assert (await reporter.call("POST", "/api/reports", complaint))["state"] == "open"


async def test_a_banned_person_asks_once_and_comes_back(show: Show, web: AsyncClient, pool: Pool) -> None:
    rowdy = await make_user(web)
    viewer = await show.enter(rowdy)
    plea = f"/api/streams/{show.stream}/unban-requests"
    assert await refused(rowdy.call("POST", plea, {"text": "sorry"})) == "ban_not_found"
    bans = f"/api/streams/{show.stream}/bans"
    await show.creator.call("POST", bans, {"userId": rowdy.user_id})
    asked = await rowdy.call("POST", plea, {"text": "I am sorry"})
    assert await refused(rowdy.call("POST", plea, {"text": "again"})) == "already_requested"
    (listed,) = (await show.creator.call("GET", "/api/mod/unban-requests"))["items"]
    assert (listed["id"], listed["handle"], listed["text"]) == (asked["id"], rowdy.handle, "I am sorry")
    path = f"/api/mod/unban-requests/{asked['id']}"
    assert await outcome(rowdy, f"{path}/accept", {}) == "forbidden"
    ends = await asyncio.gather(*(outcome(show.creator, f"{path}/accept", {"answer": "welcome"}) for _ in range(3)))
    assert sorted(ends) == ["accepted", "already_decided", "already_decided"]
    await viewer.until(lambda v: [f["data"]["banned"] for f in v.seen("standing:changed")][-1:] == [False])
    await viewer.say("thank you")
    await show.creator.call("POST", bans, {"userId": rowdy.user_id})
    await viewer.until(lambda v: [f["data"]["banned"] for f in v.seen("standing:changed")][-1:] == [True])
    again = await rowdy.call("POST", plea, {"text": "once more"})
    assert await outcome(show.creator, f"/api/mod/unban-requests/{again['id']}/deny", {}) == "denied"
    await viewer.until(lambda v: [f["data"]["state"] for f in v.seen("unban:answered")] == ["accepted", "denied"])
    assert viewer.seen("unban:answered")[0]["data"]["answer"] == "welcome"
    assert (await viewer.ask("chat:message", {"text": "still out"}))["data"]["code"] == "banned"
    assert await events_of(pool, show.creator.user_id, "moderation.unbanned") == 1
    assert await events_of(pool, show.creator.user_id, "moderation.unban_decided") == 2


async def test_moderators_read_what_was_done(show: Show, web: AsyncClient) -> None:
    friend = await make_user(web)
    await show.creator.call("PUT", f"/api/creators/{show.creator.user_id}/moderators/{friend.user_id}")
    await friend.call("PUT", f"/api/streams/{show.stream}/chat/mode", {"emotesOnly": True})
    log = await friend.call("GET", f"/api/mod/audit?channel={show.creator.user_id}&limit=1")
    (entry,) = log["items"]
    assert (entry["action"], entry["actorId"]) == ("chat.mode", friend.user_id)
    assert (entry["before"]["emotesOnly"], entry["after"]["emotesOnly"]) == (False, True)
    older = await friend.call("GET", f"/api/mod/audit?channel={show.creator.user_id}&cursor={log['nextCursor']}")
    assert [entry["action"] for entry in older["items"]] == ["moderator.granted"]
    assert await refused(show.viewer.call("GET", f"/api/mod/audit?channel={show.creator.user_id}")) == "forbidden"

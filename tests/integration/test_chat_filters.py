"""Filters in a room: refused, or held until a moderator decides, once; and nothing said over and over."""

import asyncio
import secrets
import time
from typing import Any

import pytest
from httpx import AsyncClient

from livestreamx.client import Account, Refused
from livestreamx.engines.postgres import Pool, transaction
from livestreamx.settings import Settings
from tests.builders import make_user
from tests.integration.gateways import GatewayProcess, Viewer
from tests.integration.people import events_of
from tests.integration.shows import Show, recorded

pytestmark = pytest.mark.usefixtures("farewell")


async def block(show: Show, text: str, action: str = "hold") -> dict[str, Any]:
    path = f"/api/creators/{show.creator.user_id}/blocked-terms"
    added: dict[str, Any] = await show.creator.call("POST", path, {"text": text, "action": action})
    return added


async def hold(show: Show, viewer: Viewer, text: str) -> str:
    """The id of a message that is held."""
    answer = await viewer.ask("chat:message", {"text": text})
    assert answer["data"].get("state") == "held", answer
    return str(answer["data"]["messageId"])


async def decide(by: Account, message: str, decision: str) -> str:
    """The new state, or the code of the refusal."""
    try:
        return str((await by.call("POST", f"/api/mod/held/{message}/{decision}"))["state"])
    except Refused as refusal:
        return refusal.code


async def test_a_held_message_appears_once_when_it_is_approved(
    show: Show, pair: list[GatewayProcess], settings: Settings, pool: Pool
) -> None:
    await block(show, "spoiler*")
    author, bystander = await show.enter(show.viewer), await Viewer(pair[1].url, show.stream).open()
    held = await hold(show, author, "sp0iler: the ending is sad")
    await author.say("nothing to see here")
    await bystander.until(lambda v: v.texts == ["nothing to see here"])
    listed = await show.creator.call("GET", "/api/mod/held")
    assert [(one["id"], one["reasons"], one["text"]) for one in listed["items"]] == [
        (held, ["blocked_term"], "sp0iler: the ending is sad")
    ]
    stranger = await show.viewer.call("GET", "/api/mod/held")
    assert stranger["items"] == []
    assert await decide(show.viewer, held, "approve") == "forbidden"
    assert await decide(show.creator, held, "approve") == "approved"
    assert (await author.first("chat:held")) == {"messageId": held, "state": "approved"}
    await bystander.until(lambda v: v.texts[-1] == "sp0iler: the ending is sad")
    assert [await decide(show.creator, held, again) for again in ("approve", "reject")] == ["already_decided"] * 2
    assert (await show.creator.call("GET", "/api/mod/held"))["items"] == []
    for kind in ("chat.held", "chat.message"):
        assert await events_of(pool, show.stream, kind) == 1
    assert [event.text for event in recorded(settings, show.stream) if hasattr(event, "text")] == [
        "nothing to see here"
    ]
    assert len(bystander.texts) == 2


async def test_moderators_who_decide_at_once_decide_once(show: Show, web: AsyncClient, pool: Pool) -> None:
    await block(show, "spoiler*")
    friends = [await make_user(web) for _ in range(2)]
    for friend in friends:
        await show.creator.call("PUT", f"/api/creators/{show.creator.user_id}/moderators/{friend.user_id}")
    author = await show.enter(show.viewer)
    held = await hold(show, author, "a spoiler")
    ways = [(who, way) for who in (*friends, show.creator) for way in ("approve", "reject")]
    outcomes = await asyncio.gather(*(decide(who, held, way) for who, way in ways))
    assert sorted(outcomes)[:5] == ["already_decided"] * 5
    (outcome,) = {*outcomes} - {"already_decided"}
    assert (await author.first("chat:held"))["state"] == outcome
    said = await events_of(pool, show.stream, "chat.message")
    assert (said, await events_of(pool, show.stream, "moderation.message_rejected")) == (
        (1, 0) if outcome == "approved" else (0, 1)
    )


async def outcomes(viewers: list[Viewer], text: str) -> list[str]:
    """What became of the same words at each of these sockets: `ack`, `held`, or the code of the refusal."""
    answers = [(await viewer.ask("chat:message", {"text": text}))["data"] for viewer in viewers]
    return [str(answer.get("code", answer.get("state", "ack"))) for answer in answers]


async def enter_both(show: Show, pair: list[GatewayProcess], web: AsyncClient) -> list[Viewer]:
    """A new viewer at each gateway."""
    return [await Viewer(gateway.url, show.stream).open((await make_user(web)).access) for gateway in pair]


async def test_the_very_next_message_meets_a_changed_list(
    show: Show, pair: list[GatewayProcess], web: AsyncClient
) -> None:
    viewers, owner = await enter_both(show, pair, web), await show.enter(show.creator)
    assert await outcomes(viewers, "buy my merch") == ["ack", "ack"]
    added = await block(show, "Buy my merch", "refuse")
    path = f"/api/creators/{show.creator.user_id}/blocked-terms"
    with pytest.raises(Refused, match="term_exists"):
        await block(show, "buy  MY merch")
    assert await outcomes(viewers, "buuy  MY  m3rch!") == ["blocked_term"] * 2
    await owner.say("buy my merch, says the creator")
    await show.creator.call("DELETE", f"{path}/{added['id']}")
    assert (await show.creator.call("GET", path))["items"] == []
    assert await outcomes(viewers, "so buy my merch") == ["ack", "ack"]
    await block(show, "buy my merch", "hold")
    assert await outcomes(viewers, "then buy my merch") == ["held", "held"]


async def test_the_very_next_message_meets_a_changed_policy_and_the_platforms_list(
    show: Show, pair: list[GatewayProcess], web: AsyncClient, pool: Pool
) -> None:
    viewers, term = await enter_both(show, pair, web), f"zyx{secrets.token_hex(4)}"
    assert await outcomes(viewers, f"see example.com {term}") == ["ack", "ack"]
    policy = f"/api/creators/{show.creator.user_id}/chat-policy"
    await show.creator.call("PUT", policy, {"links": "refuse"})
    assert await outcomes(viewers, "or example.org instead") == ["message_refused"] * 2
    await show.creator.call("PUT", policy, {})
    assert await outcomes(viewers, "or example.net instead") == ["ack", "ack"]
    admin = await make_user(web)
    async with pool.connection() as db:
        await db.execute("UPDATE users SET roles = roles || 'admin'::text WHERE id = %s", (admin.user_id,))
    await admin.renew()
    added = await admin.call("POST", "/api/admin/blocked-terms", {"text": term})
    assert await outcomes(viewers, f"nobody says {term}") == ["blocked_term"] * 2
    await admin.call("DELETE", f"/api/admin/blocked-terms/{added['id']}")
    assert await outcomes(await enter_both(show, pair, web), f"everybody says {term}") == ["ack", "ack"]


async def test_messages_are_judged_without_reading_the_lists(show: Show, web: AsyncClient, pool: Pool) -> None:
    viewer, other = await show.enter(show.viewer), await show.enter(await make_user(web))
    await viewer.say("the lists are read by now")
    async with transaction(pool) as db:
        await db.execute("LOCK TABLE blocked_terms, chat_policies IN ACCESS EXCLUSIVE MODE")
        await viewer.say("nobody can read them")
        await other.say("and yet we talk")


async def test_the_policy_on_links_and_capitals(show: Show) -> None:
    path = f"/api/creators/{show.creator.user_id}/chat-policy"
    given = {"links": "refuse", "capitals": "hold", "mostCharacters": 60}
    assert await show.creator.call("GET", path) == {"links": "allow", "capitals": "allow", "mostCharacters": 300}
    assert await show.creator.call("PUT", path, given) == given
    viewer = await show.enter(show.viewer)
    for text in ("see https://example.com/x", "see example (dot) com now", "x " * 40):
        answer = (await viewer.ask("chat:message", {"text": text}))["data"]
        assert answer["code"] == "message_refused", answer
    assert answer["reasons"] == ["too_long"]
    assert await hold(show, viewer, "WHY IS EVERYBODY SO QUIET")


async def test_nobody_says_the_same_over_and_over(show: Show, web: AsyncClient) -> None:
    viewer, owner = await show.enter(show.viewer), await show.enter(show.creator)
    began = time.monotonic()
    await viewer.say("look at my channel everybody, it is great")
    for again in ("look at my channel everybody, it is great", "LOOK at my channel, everybody! It is greaat"):
        answer = (await viewer.ask("chat:message", {"text": again}))["data"]
        assert answer["code"] == "duplicate_message", answer
        assert 29_000 - 1000 * (time.monotonic() - began) < answer["retryAfterMs"] <= 30_000
    await viewer.say("LUL")
    await viewer.say("LUL")
    for _ in range(3):
        await owner.say("the creator may repeat what is important to know")


async def test_a_crowd_does_not_paste_the_same(show: Show, web: AsyncClient) -> None:
    people = await asyncio.gather(*(make_user(web) for _ in range(10)))
    viewers = [await show.enter(person) for person in people]
    text = "this is a very long copypasta that everybody loves to repeat in every chat"
    answers = [await viewer.ask("chat:message", {"text": text}) for viewer in viewers]
    assert [answer["event"] for answer in answers] == ["ack"] * 8 + ["error"] * 2
    assert {answer["data"]["code"] for answer in answers[8:]} == {"duplicate_message"}

"""One moment of a stream: what is told of it, and what was taken back is not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from httpx import AsyncClient

from livestreamx.clock import uuid7
from livestreamx.engines.postgres import Pool
from livestreamx.events import ChatCleared, ChatMessage, Event, GiftSent, MomentDetected, ReactionSent
from livestreamx.settings import Settings
from tests.integration.people import Person, refusal
from tests.integration.test_analytics import archive

AT = datetime(2026, 11, 21, 20, 8, 20, tzinfo=UTC)


async def test_a_moment_is_told_with_the_chat_around_it(api: AsyncClient, settings: Settings, pool: Pool) -> None:
    creator = await Person.creator(api)
    stream = UUID(await creator.announce())
    rude = uuid7()
    gift: dict[str, Any] = {"code": "HEART", "qty": 2, "tokens": 10, "paid": 0, "bonus": 10, "handle": "ada"}

    def when(seconds: float, user: UUID | None = None) -> dict[str, Any]:
        at = AT + timedelta(seconds=seconds)
        return {"stream_id": stream, "creator_id": creator.id, "user_id": user or uuid7(), "occurred_at": at}

    def said(text: str, seconds: float, user: UUID | None = None) -> ChatMessage:
        return ChatMessage(message_id=uuid7(), handle="ada", text=text, length=len(text), **when(seconds, user))

    taken_back = said("taken back", 2)
    moment = MomentDetected(
        stream_id=stream, creator_id=creator.id, happened_at=AT, score=4.2, messages=3, reactions=2, tokens=10
    )
    events: list[Event] = [
        said("too early", -30),
        said("here it comes", -5),
        said("WOW", 1),
        taken_back,
        said("rude", 3, rude),
        ChatCleared(target_id=rude, **when(5)),
        said("sorry", 6, rude),
        said("too late", 45),
        ReactionSent(mood="hype", **when(1)),
        ReactionSent(mood="hype", **when(2)),
        ReactionSent(mood="joy", **when(11)),
        GiftSent(gift_event_id=uuid7(), **gift, **when(4)),
        moment,
    ]
    archive(settings, events)
    async with pool.connection() as db:
        await db.execute(
            "INSERT INTO chat_deletions (message_id, stream_id, deleted_by) VALUES (%s, %s, %s)",
            (taken_back.message_id, stream, creator.id),
        )
    told = (await api.get(f"/api/streams/{stream}/moments/{moment.event_id}")).json()
    assert told["moment"]["score"] == 4.2
    assert [line["text"] for line in told["lines"]] == ["here it comes", "WOW", "sorry"]
    assert told["moods"] == {"hype": 2}
    assert told["gifts"] == [{"handle": "ada", "code": "HEART", "qty": 2, "tokens": 10}]

    page = await api.get(f"/w/{stream}/moments/{moment.event_id}", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "WOW" in page.text
    assert "taken back" not in page.text
    embedded = await api.get("/oembed", params={"url": f"{settings.url}/w/{stream}/moments/{moment.event_id}"})
    assert embedded.status_code == 200, embedded.text
    assert embedded.json()["author_name"] == creator.handle

    other = await creator.announce()
    for address in (f"/api/streams/{other}/moments/{moment.event_id}", f"/api/streams/{stream}/moments/{uuid4()}"):
        assert refusal(await api.get(address)) == (404, "moment_not_found")
    hidden = await creator.announce(visibility="private")
    assert refusal(await api.get(f"/api/streams/{hidden}/moments/{uuid4()}")) == (404, "stream_not_found")

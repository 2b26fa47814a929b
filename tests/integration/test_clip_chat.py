"""The chat of a recording: timed to the clip, page by page, without what was taken back, for who may know of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient

from api.paging import Place, encode_cursor
from livestreamx.clock import uuid7
from livestreamx.engines.postgres import Pool
from livestreamx.events import ChatCleared, ChatMessage, Event
from livestreamx.settings import Settings
from tests.integration.clips import LONG, LONG_SECONDS, clip_of
from tests.integration.people import Person, events_of, refusal
from tests.integration.test_analytics import archive

HTML = {"accept": "text/html"}


async def ended_show(pool: Pool, creator: Person, *, minutes: int = 20, **given: Any) -> tuple[UUID, datetime]:
    """A show that was on for so long, and when it began."""
    stream = await creator.go_live(**given)
    await creator.ask("POST", f"/api/streams/{stream}/end")
    async with pool.connection() as db:
        done = await db.execute(
            "UPDATE streams SET started_at = ended_at - make_interval(mins => %s) WHERE id = %s RETURNING started_at",
            (minutes, stream),
        )
        row = await done.fetchone()
    assert row is not None
    return UUID(stream), row[0]


class Talk:
    """What is said in a show, in seconds from its start."""

    def __init__(self, creator: Person, show: UUID, began: datetime) -> None:
        self.creator, self.show, self.began = creator, show, began
        self.events: list[Event] = []

    def _at(self, seconds: float, user: UUID | None) -> dict[str, Any]:
        return {
            "stream_id": self.show,
            "creator_id": self.creator.id,
            "user_id": user or uuid7(),
            "occurred_at": self.began + timedelta(seconds=seconds),
        }

    def say(self, text: str, seconds: float, user: UUID | None = None) -> ChatMessage:
        line = ChatMessage(message_id=uuid7(), handle="ada", text=text, length=len(text), **self._at(seconds, user))
        self.events.append(line)
        return line

    def clear(self, user: UUID, seconds: float) -> None:
        self.events.append(ChatCleared(target_id=user, **self._at(seconds, None)))


async def recording_of(creator: Person, show: UUID, begins: float, **given: Any) -> dict[str, Any]:
    clip = await clip_of(creator, LONG, **given)
    told = {"recording": {"streamId": str(show), "beginsS": begins}}
    answer = await creator.ask("PATCH", f"/api/vods/{clip['id']}", json=told)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    assert changed == {**clip, **told}
    return changed


async def test_the_chat_comes_timed_to_the_clip_page_by_page(api: AsyncClient, settings: Settings, pool: Pool) -> None:
    ada = await Person.creator(api)
    show, began = await ended_show(pool, ada)
    talk, rude = Talk(ada, show, began), uuid7()
    talk.say("before the clip", 99)
    talk.say("first", 100)
    taken_back = talk.say("taken back", 101)
    talk.say("rude", 102, rude)
    talk.clear(rude, 103)
    for number in range(3):
        talk.say(f"at once {number}", 110)
    talk.say("late", 100 + LONG_SECONDS - 1)
    talk.say("after the clip", 100 + LONG_SECONDS + 1)
    archive(settings, talk.events)
    async with pool.connection() as db:
        await db.execute(
            "INSERT INTO chat_deletions (message_id, stream_id, deleted_by) VALUES (%s, %s, %s)",
            (taken_back.message_id, show, ada.id),
        )
    clip = await recording_of(ada, show, 100)
    path = f"/api/vods/{clip['id']}/chat"
    whole = (await api.get(path)).json()
    assert whole["nextCursor"] is None
    assert [line["atS"] for line in whole["items"]] == [0, 10, 10, 10, LONG_SECONDS - 1]
    assert {line["text"] for line in whole["items"][1:4]} == {"at once 0", "at once 1", "at once 2"}
    assert (whole["items"][0]["text"], whole["items"][4]["text"]) == ("first", "late")
    read, cursor = [], ""
    while cursor is not None:
        page = (await api.get(path, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        read += page["items"]
        cursor = page["nextCursor"]
    assert read == whole["items"]
    later = (await api.get(path, params={"from": 10.5})).json()
    assert [line["text"] for line in later["items"]] == ["late"]
    assert await events_of(pool, ada.id, "vod.changed") == 1

    shown = (await api.get(clip["pageUrl"], headers=HTML)).text
    assert f'href="/w/{show}"' in shown
    over = (await api.get(f"/w/{show}", headers=HTML)).text
    assert f'href="{clip["pageUrl"]}"' in over


@pytest.mark.parametrize("begins", [20 * 60, 12 * 3600])
async def test_a_recording_begins_while_its_show_is_on(api: AsyncClient, pool: Pool, begins: int) -> None:
    ada, bob = await Person.creator(api), await Person.creator(api)
    (show, _), (foreign, _) = await ended_show(pool, ada), await ended_show(pool, bob)
    announced, clip = await ada.announce(), await clip_of(ada)
    wrong = ((show, begins), (foreign, 0), (announced, 0), (uuid4(), 0))
    for stream, at in wrong:
        body = {"recording": {"streamId": str(stream), "beginsS": at}}
        assert refusal(await ada.ask("PATCH", f"/api/vods/{clip['id']}", json=body)) == (422, "not_that_show")
    for bad in ({"streamId": str(show), "beginsS": -1}, {"streamId": "x"}, {"streamId": str(show), "css": 1}, 7):
        assert refusal(await ada.ask("PATCH", f"/api/vods/{clip['id']}", json={"recording": bad}))[0] == 422
    assert (await ada.ask("GET", f"/api/vods/{clip['id']}")).json() == clip


async def test_a_replay_is_for_who_may_know_of_clip_and_show(api: AsyncClient, pool: Pool) -> None:
    ada, bob = await Person.creator(api), await Person.register(api)
    (hidden, _), (show, _) = await ended_show(pool, ada, visibility="private"), await ended_show(pool, ada)
    of_hidden = await recording_of(ada, hidden, 0)
    private = await recording_of(ada, show, 0, visibility="private")
    paths = [f"/api/vods/{clip['id']}/chat" for clip in (of_hidden, private)]
    assert [refusal(await bob.ask("GET", path)) for path in paths] == [
        (404, "stream_not_found"),
        (404, "vod_not_found"),
    ]
    assert [(await ada.ask("GET", path)).status_code for path in paths] == [200, 200]
    assert 'id="replay"' not in (await bob.ask("GET", of_hidden["pageUrl"], headers=HTML)).text
    assert 'id="replay"' in (await ada.ask("GET", of_hidden["pageUrl"], headers=HTML)).text
    assert private["pageUrl"] not in (await bob.ask("GET", f"/w/{show}", headers=HTML)).text
    taken = await ada.ask("PATCH", f"/api/vods/{private['id']}", json={"recording": None})
    assert taken.json()["recording"] is None
    assert refusal(await ada.ask("GET", paths[1])) == (404, "no_replay")


async def test_a_place_outside_of_the_clip_is_no_cursor(api: AsyncClient, pool: Pool) -> None:
    ada = await Person.creator(api)
    show, began = await ended_show(pool, ada)
    clip = await recording_of(ada, show, 0)
    no_zone = began.replace(tzinfo=None)
    for at in (began - timedelta(seconds=1), began + timedelta(days=1), datetime.min.replace(tzinfo=UTC), no_zone):
        cursor = encode_cursor(Place(at, uuid4()))
        answer = await api.get(f"/api/vods/{clip['id']}/chat", params={"cursor": cursor})
        assert refusal(answer) == (422, "bad_cursor")
    for bad in ({"from": -1}, {"from": "x"}, {"limit": 101}):
        assert refusal(await api.get(f"/api/vods/{clip['id']}/chat", params=bad))[0] == 422

"""Clips in the rooms of a running platform: told when they begin and end, to newcomers too, whoever is killed."""

from typing import Any

import httpx

from livestreamx.client import Account, Room
from tests.builders import eventually, go_live, make_user
from tests.integration.clips import LONG, WEBM
from tests.integration.test_interaction_rooms import make_moderator, refused, room_state_without
from tests.integration.watching import Watcher, state_for_newcomer


async def insert(http: httpx.AsyncClient, creator: Account, stream: str, body: bytes, insert: str = "next") -> str:
    """A new clip of the creator's, put into the show."""
    headers = {"Authorization": f"Bearer {creator.access}"}
    form = {"title": "How <b>we</b> met", "visibility": "private"}
    clip = await http.post("/api/vods", data=form, files={"file": ("clip", body)}, headers=headers)
    assert clip.is_success, clip.text
    given = {"vodId": clip.json()["id"], "insert": insert}
    made = await http.post(f"/api/streams/{stream}/segments", json=given, headers=headers)
    assert made.is_success, made.text
    return str(made.json()["id"])


async def test_the_room_sees_a_clip_begin_end_and_the_next_one_follow(http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    moderator, fan = await make_moderator(http, creator), await make_user(http)
    watcher, base = Watcher(), str(http.base_url)
    async with (
        Room(base, stream, moderator) as desk,
        Room(base, stream, fan, on_frame=watcher.frames.append) as room,
    ):
        short = await insert(http, creator, stream, WEBM)
        long = await insert(http, creator, stream, LONG)
        begun = await watcher.wait("segment:start", segmentId=short)
        assert (begun["title"], begun["durationS"], begun["participant"]) == ("How <b>we</b> met", 2.0, None)
        assert (await watcher.wait("segment:end", segmentId=short)) == {
            "segmentId": short,
            "outcome": "played",
            "reason": "",
        }
        shown = await watcher.wait("segment:start", segmentId=long)
        assert (await http.get(shown["url"])).content == LONG

        async def told() -> Any:
            return (await state_for_newcomer(http, stream))["segment"]

        assert await eventually(told, lambda found: found is not None and found["segmentId"] == long) == shown
        assert await refused(room, "segment:skip", segmentId=long) == "forbidden"
        assert await refused(room, "segment:start", segmentId=long) == "server_only_event"
        assert await desk.ask("segment:skip", segmentId=long) == {}
        over = await watcher.wait("segment:end", segmentId=long)
        assert (over["outcome"], over["reason"]) == ("skipped", "skipped")
        assert await refused(desk, "segment:skip", segmentId=long) == "segment_over"
    await room_state_without(http, stream, "segment")
    assert [frame["segmentId"] for frame in watcher.seen("segment:start")] == [short, long]
    assert len(watcher.seen("segment:end")) == 2

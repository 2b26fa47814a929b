"""Search from outside: live streams at once, creators, categories and recordings, and who may find what."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.builders import eventually
from tests.integration.clips import clip_of
from tests.integration.people import Person, refusal


async def search(by: AsyncClient | Person, q: str, **more: Any) -> list[dict[str, Any]]:
    ask = by.ask if isinstance(by, Person) else by.request
    answer = await ask("GET", "/api/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    assert answer.json()["query"] == q
    return list(answer.json()["items"])


def streams(items: list[dict[str, Any]]) -> set[str]:
    return {item["stream"]["id"] for item in items if item["type"] == "stream"}


async def test_a_new_stream_is_found_within_seconds_despite_a_slip(api: AsyncClient) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live(title="Underwater basketweaving", category="Handicraft", tags=["reeds"])

    async def found() -> list[dict[str, Any]]:
        return await search(api, "undrwater basketweving")

    items = await eventually(found, lambda items: stream in streams(items))
    assert items[0]["stream"]["id"] == stream
    assert items[0]["stream"]["creator"] == creator.handle
    categories = await search(api, "handicrft", type="category")
    assert [(item["category"]["name"], item["category"]["live"]) for item in categories] == [("Handicraft", 1)]
    assert (await creator.ask("POST", f"/api/streams/{stream}/end")).status_code == 200
    assert stream not in streams(await found())


async def test_creators_and_recordings_are_found_by_name(api: AsyncClient) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live(title="Glassblowing by candlelight")
    await creator.ask("POST", f"/api/streams/{stream}/end")

    async def people() -> list[dict[str, Any]]:
        return await search(api, creator.handle, type="creator")

    items = await eventually(people, lambda items: str(creator.id) in [item["creator"]["id"] for item in items])
    assert (items[0]["creator"]["id"], items[0]["creator"]["followers"]) == (str(creator.id), 0)

    async def recordings() -> list[dict[str, Any]]:
        return await search(api, "glasblowing", type="video")

    items = await eventually(recordings, lambda items: stream in [item["stream"]["id"] for item in items])
    assert items[0]["stream"]["id"] == stream


async def test_private_streams_and_grown_up_ones_are_kept_from_the_wrong_eyes(api: AsyncClient) -> None:
    creator = await Person.creator(api)
    mature = await creator.go_live(title="Zymurgy after midnight", mature=True)
    other = await Person.creator(api)
    private = await other.go_live(title="Zymurgy for one", visibility="private")

    async def found() -> set[str]:
        return streams(await search(other, "zymurgy"))

    assert private not in await eventually(found, lambda ids: mature in ids)
    assert mature not in streams(await search(api, "zymurgy"))


async def test_public_clips_are_found_despite_a_slip_and_no_others(api: AsyncClient) -> None:
    creator = await Person.creator(api)
    public = await clip_of(creator, title="Marionette workshop trailer")
    hidden = [
        (await clip_of(creator, title="Marionette secrets", visibility=seen))["id"] for seen in ("unlisted", "private")
    ]

    async def found() -> list[str]:
        return [item["vod"]["id"] for item in await search(api, "marionete worksop", type="vods")]

    assert await eventually(found, lambda ids: public["id"] in ids) == [public["id"]]
    (hit, *_) = [item for item in await search(api, "marionette workshop") if item["type"] == "vods"]
    assert hit["vod"] == public
    assert not set(hidden) & {item["vod"]["id"] for item in await search(api, "marionette", type="vods")}
    await creator.ask("PATCH", f"/api/vods/{public['id']}", json={"visibility": "private"})
    assert await found() == []


@pytest.mark.parametrize("params", [{}, {"q": ""}, {"q": "x" * 101}, {"q": "a", "type": "car"}, {"q": "a", "limit": 0}])
async def test_a_search_that_makes_no_sense_is_refused(api: AsyncClient, params: dict[str, Any]) -> None:
    assert refusal(await api.get("/api/search", params=params)) == (422, "invalid")

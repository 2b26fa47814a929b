"""The page of a clip: for those who may see it, with what other sites need to show a link to it."""

import re
from uuid import uuid4

import pytest
from httpx import AsyncClient

from livestreamx.settings import Settings
from tests.integration.clips import clip_of
from tests.integration.people import Person, refusal

HTML = {"accept": "text/html"}


async def test_a_public_clip_is_described_for_people_and_for_other_sites(api: AsyncClient, settings: Settings) -> None:
    ada = await Person.creator(api)
    clip = await clip_of(ada, title="Us & <them>")
    assert clip["pageUrl"] == f"/v/{clip['id']}"
    api.cookies.clear()
    page = (await api.get(clip["pageUrl"], headers=HTML)).text
    link = settings.url + clip["pageUrl"]
    assert 'property="og:title" content="Us &amp; &lt;them&gt;"' in page
    assert 'property="og:type" content="video.other"' in page
    assert f'property="og:url" content="{link}"' in page
    assert re.findall('<link rel="canonical" href="([^"]*)">', page) == [link]
    assert f'src="{clip["url"]}"' in page
    assert "<them>" not in page
    assert "noindex" not in page
    told = (await api.get("/oembed", params={"url": link})).json()
    assert (told["title"], told["author_name"], told["type"]) == ("Us & <them>", ada.handle, "link")
    picture = await api.get(told["thumbnail_url"].removeprefix(settings.url))
    assert picture.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("visibility", "listed", "seen"), [("public", True, True), ("unlisted", False, True), ("private", False, False)]
)
async def test_who_may_see_a_clip_sees_its_page(
    api: AsyncClient, settings: Settings, visibility: str, listed: bool, seen: bool
) -> None:
    ada, bob = await Person.creator(api), await Person.register(api)
    clip = await clip_of(ada, visibility=visibility, title="Only for some")
    other = await clip_of(ada, title="For everybody")
    mine = await ada.ask("GET", clip["pageUrl"], headers=HTML)
    assert mine.status_code == 200
    assert 'id="clip-form"' in mine.text
    assert ("noindex" in mine.text) != listed
    theirs = await bob.ask("GET", clip["pageUrl"], headers=HTML)
    assert theirs.status_code == (200 if seen else 404)
    assert 'id="clip-form"' not in theirs.text
    assert ("Only for some" in theirs.text) == seen
    for shelf in (f"/u/{ada.handle}", other["pageUrl"]):
        assert ("Only for some" in (await bob.ask("GET", shelf, headers=HTML)).text) == listed
    api.cookies.clear()
    told = await api.get("/oembed", params={"url": settings.url + clip["pageUrl"]})
    assert told.status_code == (200 if seen else 404)


async def test_a_clip_that_is_not_there_has_no_page(api: AsyncClient, settings: Settings) -> None:
    assert refusal(await api.get(f"/v/{uuid4()}")) == (404, "vod_not_found")
    assert (await api.get("/v/none", headers=HTML)).status_code == 404
    assert (await api.get("/oembed", params={"url": f"{settings.url}/v/{uuid4()}"})).status_code == 404

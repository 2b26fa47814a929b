"""The outermost layer: compression, caching, descriptions, links shown on other sites."""

import gzip
from urllib.parse import quote
from uuid import uuid4

import msgspec
import pytest
from httpx import AsyncClient

from api.pages.rendering import asset
from api.reference import ReferenceController
from livestreamx.asyncapi import event_document
from livestreamx.frames import SERVER_FRAMES
from livestreamx.settings import Settings
from tests.builders import go_live, make_creator


@pytest.mark.parametrize("path", ["/login", "/reference", "/schema/openapi.json", asset("css/base.css")])
async def test_large_answers_are_compressed_for_who_takes_it(api: AsyncClient, path: str) -> None:
    plain = await api.get(path, headers={"accept": "text/html", "accept-encoding": "identity"})
    async with api.stream("GET", path, headers={"accept": "text/html", "accept-encoding": "gzip"}) as packed:
        raw = b"".join([chunk async for chunk in packed.aiter_raw()])
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert len(raw) < len(plain.content) / 2
    assert len(gzip.decompress(raw)) == len(plain.content)


async def test_small_answers_and_pictures_are_sent_as_they_are(api: AsyncClient) -> None:
    for path in ("/healthz", "/posters/0000-0000000000000000.png"):
        answer = await api.get(path, headers={"accept-encoding": "gzip"})
        assert "content-encoding" not in answer.headers, path


async def test_static_files_are_kept_for_ever_and_pages_are_not(api: AsyncClient) -> None:
    script = await api.get(asset("vendor/livestreamx/livestreamx.js"))
    assert "immutable" in script.headers["cache-control"]
    assert "max-age=31536000" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")
    page = await api.get("/", headers={"accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "private, no-cache"
    assert (await api.get("/static/0000000000/css/base.css")).status_code == 404


async def test_the_descriptions_lie_side_by_side(api: AsyncClient) -> None:
    rooms = (await api.get("/schema/asyncapi.json")).json()
    assert rooms["asyncapi"] == "3.0.0"
    assert rooms["servers"]["platform"]["host"] == "localhost:4000"
    assert (await api.get("/schema/events.json")).json() == msgspec.json.decode(msgspec.json.encode(event_document()))
    page = (await api.get("/reference", headers={"accept": "text/html"})).text
    assert all(f"<code>{event}</code>" in page for event in SERVER_FRAMES)
    assert ReferenceController.path in page


async def test_a_link_to_a_stream_is_described_for_other_sites(api: AsyncClient, settings: Settings) -> None:
    creator, stream = await go_live(api, "Quotes & <tags>")
    link = f"{settings.url}/w/{stream}"
    answer = await api.get("/oembed", params={"url": link, "format": "json"})
    told = answer.json()
    assert (told["version"], told["type"], told["author_name"]) == ("1.0", "link", creator.handle)
    assert told["title"] == "Quotes & <tags>"
    picture = await api.get(told["thumbnail_url"].removeprefix(settings.url))
    assert picture.content.startswith(b"\x89PNG")
    page = (await api.get(f"/w/{stream}", headers={"accept": "text/html"})).text
    assert f'href="{settings.url}/oembed?url={quote(link, safe="/")}" title="Quotes &amp; &lt;tags&gt;"' in page
    assert 'property="og:title" content="Quotes &amp; &lt;tags&gt;' in page
    assert "<tags>" not in page


async def test_other_links_are_described_by_nobody(api: AsyncClient, settings: Settings) -> None:
    creator = await make_creator(api)
    hidden = await creator.go_live("Among us", visibility="private")
    links = (
        f"{settings.url}/w/{uuid4()}",
        f"{settings.url}/w/{hidden}",
        f"{settings.url}/u/{creator.handle}",
        f"https://evil.example/w/{hidden}",
        f"javascript://{settings.url.removeprefix('http://')}/w/{hidden}",
        f"{settings.url}/w/{'-' * 36}",
    )
    for link in links:
        answer = await api.get("/oembed", params={"url": link})
        assert answer.status_code == 404, link
    assert (await api.get("/oembed", params={"url": links[0], "format": "xml"})).status_code == 501
    assert (await api.get("/oembed")).status_code == 422

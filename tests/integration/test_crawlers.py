"""What search engines, link checkers and previews ask before a person comes."""

import re
from urllib.robotparser import RobotFileParser

import pytest
from httpx import AsyncClient

from livestreamx.settings import Settings
from tests.builders import go_live


@pytest.mark.parametrize("path", ["/", "/robots.txt", "/healthz", "/api/gifts", "/reference"])
async def test_head_is_get_without_its_body(api: AsyncClient, path: str) -> None:
    whole, head = await api.get(path), await api.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


async def test_head_is_refused_as_get_is(api: AsyncClient) -> None:
    assert (await api.head("/w/no-such-stream")).status_code == 404
    assert (await api.head("/api/wallet")).status_code == 401
    for method, path, allowed in (("HEAD", "/api/auth/login", "POST"), ("DELETE", "/api/gifts", "GET, HEAD")):
        answer = await api.request(method, path)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == {"OPTIONS", *allowed.split(", ")}


async def test_shows_are_open_to_search_engines_and_rooms_of_ones_own_are_not(api: AsyncClient) -> None:
    answer = await api.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    rules = RobotFileParser()
    rules.parse(answer.text.splitlines())
    assert all(rules.can_fetch("anybody", path) for path in ("/", "/w/1", "/w/1/moments/2", "/u/pixel", "/reference"))
    assert not any(
        rules.can_fetch("anybody", path) for path in ("/api/me", "/studio", "/o/key", "/wallet", "/search?q=a")
    )


async def test_pages_name_the_one_address_under_which_they_are_found(api: AsyncClient, settings: Settings) -> None:
    creator, stream = await go_live(api, "One address")
    for path in ("/", "/?category=Just%20Chatting", f"/w/{stream}", f"/u/{creator.handle}"):
        page = (await api.get(path, headers={"accept": "text/html"})).text
        assert re.findall('<link rel="canonical" href="([^"]*)">', page) == [settings.url + path]

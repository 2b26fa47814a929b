"""What people show of themselves: words, links, a theme, files of their own, and their channel's looks by mood."""

import secrets
from pathlib import Path

import pytest
from httpx import AsyncClient

from domain.moodmaps.model import contrast
from livestreamx.settings import Settings
from tests.integration.people import Person, refusal

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + bytes(17)
FILES = {
    "png": PNG,
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(24),
    "gif": b"GIF89a" + bytes(20),
    "mp3": b"\xff\xfb\x90\x64" + bytes(400),
}
MEDIA = {"png": "image/png", "webp": "image/webp", "gif": "image/gif", "mp3": "audio/mpeg"}


@pytest.mark.parametrize("kind", FILES)
async def test_a_file_is_known_by_its_first_bytes_and_served_as_nothing_else(api: AsyncClient, kind: str) -> None:
    ada = await Person.register(api)
    body = FILES[kind] + secrets.token_bytes(8)
    made = await ada.ask("POST", "/api/me/assets", params={"name": "<b>mine"}, content=body)
    assert made.status_code == 201, made.text
    assert (made.json()["kind"], made.json()["bytes"]) == (kind, len(body))
    served = await api.get(made.json()["url"])
    assert served.content == body
    assert served.headers["content-type"].partition(";")[0] == MEDIA[kind]
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in served.headers["content-security-policy"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n<script>",
        b"\xff\xfe\x00\x00",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
    ],
)
async def test_what_is_no_picture_or_sound_is_refused(api: AsyncClient, body: bytes) -> None:
    ada = await Person.register(api)
    answer = await ada.ask("POST", "/api/me/assets", content=body, headers={"content-type": "image/png"})
    assert refusal(answer) == (415, "asset_type")
    assert (await ada.ask("GET", "/api/me/assets")).json()["items"] == []


async def test_a_file_over_five_megabytes_is_refused(api: AsyncClient) -> None:
    ada = await Person.register(api)
    most = 5 * 2**20
    assert (await ada.ask("POST", "/api/me/assets", content=PNG.ljust(most, b"\0"))).status_code == 201
    assert (await ada.ask("POST", "/api/me/assets", content=PNG.ljust(most + 1, b"\0"))).status_code == 413


async def test_a_picture_stands_for_its_owner_until_it_is_removed(api: AsyncClient, settings: Settings) -> None:
    ada, bob = await Person.register(api), await Person.register(api)
    made = (await ada.ask("POST", "/api/me/assets", content=PNG)).json()
    sound = (await ada.ask("POST", "/api/me/assets", content=FILES["mp3"])).json()
    change = {"avatarAssetId": made["id"]}
    assert refusal(await bob.ask("PATCH", "/api/me/profile", json=change)) == (404, "asset_not_found")
    wrong = await ada.ask("PATCH", "/api/me/profile", json={"avatarAssetId": sound["id"]})
    assert refusal(wrong) == (422, "not_a_picture")
    shown = await ada.ask("PATCH", "/api/me/profile", json=change)
    assert shown.json()["avatarUrl"] == made["url"]
    picture = await api.get(f"/avatars/{ada.handle}.svg")
    assert (picture.status_code, picture.headers["location"]) == (302, made["url"])
    assert refusal(await bob.ask("DELETE", f"/api/me/assets/{made['id']}")) == (404, "asset_not_found")
    assert (await ada.ask("DELETE", f"/api/me/assets/{made['id']}")).status_code == 204
    assert (await api.get(f"/avatars/{ada.handle}.svg")).headers["content-type"].startswith("image/svg")
    assert (await api.get(made["url"])).status_code == 404
    assert not (Path(settings.home) / made["url"].lstrip("/")).exists()


async def test_a_profile_changes_only_in_what_is_named(api: AsyncClient) -> None:
    ada = await Person.register(api)
    links = {"website": "https://example.org/me", "github": "https://github.com/me"}
    changed = await ada.ask("PATCH", "/api/me/profile", json={"bio": " <b>Cozy</b> games ", "socials": links})
    assert changed.status_code == 200, changed.text
    await ada.ask("PATCH", "/api/me/profile", json={"theme": "ocean", "socials": {**links, "github": ""}})
    seen = (await api.get(f"/api/users/{ada.handle}")).json()
    assert (seen["bio"], seen["theme"], seen["socials"]) == (
        "<b>Cozy</b> games",
        "ocean",
        {"website": links["website"]},
    )


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "http://example.org",
        "https://user@example.org",
        "https://exa mple.org",
        "https://localhost",
    ],
)
async def test_a_link_is_an_https_address_of_another_site(api: AsyncClient, link: str) -> None:
    ada = await Person.register(api)
    answer = await ada.ask("PATCH", "/api/me/profile", json={"bio": "kept?", "socials": {"website": link}})
    assert refusal(answer) == (422, "bad_link")
    assert (await ada.ask("GET", "/api/me")).json()["bio"] == ""


async def test_a_mood_map_can_be_read_and_never_flashes(api: AsyncClient) -> None:
    creator = await Person.creator(api)
    look = {"surface": "#20102a", "text": "#ffe9a8", "glow": "#ffb020", "effect": "breathe", "hertz": 0.5}
    chosen = {"looks": {"hype": look}, "dwellSeconds": 15}
    answer = await creator.ask("PUT", "/api/me/mood-map", json=chosen)
    assert answer.status_code == 200, answer.text
    kept = (await creator.ask("GET", "/api/me/mood-map")).json()
    assert kept == {"looks": {"hype": {**look, "overlay": "none"}}, "dwellSeconds": 15}
    for change, code in (
        ({"text": "#806080"}, "contrast_too_low"),
        ({"hertz": 3.1}, "validation"),
        ({"effect": "strobe"}, "validation"),
        ({"glow": "red"}, "validation"),
    ):
        refused = await creator.ask("PUT", "/api/me/mood-map", json={"looks": {"hype": {**look, **change}}})
        assert refused.status_code == 422, refused.text
        if code != "validation":
            assert refused.json()["code"] == code
    assert (await creator.ask("PUT", "/api/me/mood-map", json={**chosen, "dwellSeconds": 9})).status_code == 422
    assert (await creator.ask("GET", "/api/me/mood-map")).json() == kept


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the known grey that just fails
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # and the one that just passes

"""Clips that creators bring: known by their bytes, read from any byte on, seen by those who may."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from httpx import ASGITransport, AsyncClient

from api.correlation import Platform
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from tests.integration.clips import MP4, MP4_MS, SOUND, WEBM, WEBM_MS, bring, clip_of
from tests.integration.people import Person, events_of, refusal

MEGABYTE = 2**20


def files_of(settings: Settings) -> set[Path]:
    return set((settings.home / "vods").glob("*"))


@pytest.mark.parametrize(("body", "kind", "ms"), [(WEBM, "webm", WEBM_MS), (MP4, "mp4", MP4_MS)], ids=["webm", "mp4"])
async def test_a_clip_is_known_by_its_bytes_and_knows_its_length(
    api: AsyncClient, pool: Pool, body: bytes, kind: str, ms: int
) -> None:
    ada = await Person.creator(api)
    made = await clip_of(ada, body, title=" Us two ")
    assert (made["kind"], made["bytes"], made["title"], made["visibility"]) == (kind, len(body), "Us two", "public")
    assert made["durationS"] == pytest.approx(ms / 1000, abs=0.11)
    assert (await api.get(f"/api/vods/{made['id']}")).json() == made
    served = await api.get(made["url"], headers={"accept-encoding": "gzip"})
    assert served.content == body
    assert served.headers["content-type"] == f"video/{kind}"
    assert "content-encoding" not in served.headers
    assert "sandbox" in served.headers["content-security-policy"]
    assert await events_of(pool, ada.id, "vod.uploaded") == 1


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b"", (415, "vod_type")),
        (b"<html><script>alert(1)</script>", (415, "vod_type")),
        (b"\x89PNG\r\n\x1a\n", (415, "vod_type")),
        (WEBM[:40], (422, "vod_unreadable")),
        (b"\x00\x00\x00\x18ftypisom" + bytes(500), (422, "vod_unreadable")),
        (SOUND, (422, "vod_unreadable")),
    ],
    ids=["nothing", "page", "picture", "cut", "empty-mp4", "sound"],
)
async def test_what_is_no_clip_is_refused_and_leaves_nothing(
    api: AsyncClient, settings: Settings, body: bytes, refused: tuple[int, str]
) -> None:
    ada = await Person.creator(api)
    before = files_of(settings)
    assert refusal(await bring(ada, body)) == refused
    assert (await ada.ask("GET", "/api/me/vods")).json()["items"] == []
    assert files_of(settings) == before


async def test_words_are_checked_and_the_form_is_one(api: AsyncClient, settings: Settings) -> None:
    ada, viewer = await Person.creator(api), await Person.register(api)
    before = files_of(settings)
    assert refusal(await bring(viewer)) == (403, "role_required")
    for words in ({"title": "x" * 141}, {"title": ""}, {"visibility": "friends"}, {"colour": "red"}):
        assert (await bring(ada, **words)).status_code == 422, words
    assert refusal(await bring(ada, title="\u200b")) == (422, "empty_title")
    assert refusal(await ada.ask("POST", "/api/vods", json={"title": "x"})) == (415, "form_expected")
    no_file = await ada.ask("POST", "/api/vods", files={"title": (None, "x")})
    assert refusal(no_file) == (422, "bad_form")
    kind = {"content-type": "multipart/form-data; boundary=x"}
    for broken in (b"", b"--x\r\n", b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nhalf"):
        assert refusal(await ada.ask("POST", "/api/vods", content=broken, headers=kind)) == (422, "bad_form")
    twice = [("file", ("a", WEBM)), ("file", ("b", WEBM))]
    assert refusal(await ada.ask("POST", "/api/vods", data={"title": "x"}, files=twice)) == (422, "bad_form")
    long = await bring(ada, title="x" * 5000)
    assert refusal(long) == (422, "bad_form")
    assert files_of(settings) == before


async def test_a_large_file_is_refused_as_soon_as_it_is_too_large(app: Platform, settings: Settings) -> None:
    small = msgspec.structs.replace(app.state.settings, vod_megabytes=1)
    kept, app.state.settings = app.state.settings, small
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + WEBM
        while sent < 50 * MEGABYTE:
            sent += 65536
            yield bytes(65536)

    before = files_of(settings)
    try:
        async with AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
            ada = await Person.creator(client)
            told = await bring(ada, WEBM + bytes(2 * MEGABYTE))
            kind = {"content-type": "multipart/form-data; boundary=x"}
            found_out = await ada.ask("POST", "/api/vods", content=endless(), headers=kind)
    finally:
        app.state.settings = kept
    assert refusal(told) == (413, "file_too_large")
    assert refusal(found_out) == (413, "file_too_large")
    assert sent < 3 * MEGABYTE
    assert files_of(settings) == before


async def test_a_file_is_read_from_any_byte_on(api: AsyncClient) -> None:
    made = await clip_of(await Person.creator(api))
    size, url = len(WEBM), made["url"]

    async def part(wanted: str, **headers: str) -> tuple[int, bytes, str | None]:
        answer = await api.get(url, headers={"range": wanted, **headers})
        return answer.status_code, answer.content, answer.headers.get("content-range")

    whole = await api.get(url)
    tag = whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes"
    assert await part("bytes=0-") == (206, WEBM, f"bytes 0-{size - 1}/{size}")
    assert await part("bytes=100-199") == (206, WEBM[100:200], f"bytes 100-199/{size}")
    assert await part("bytes=-10") == (206, WEBM[-10:], f"bytes {size - 10}-{size - 1}/{size}")
    assert await part(f"bytes={size}-") == (416, b"", f"bytes */{size}")
    assert await part("bytes=1-2", **{"if-range": tag}) == (206, WEBM[1:3], f"bytes 1-2/{size}")
    assert await part("bytes=1-2", **{"if-range": '"another"'}) == (200, WEBM, None)
    again = await api.get(url, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


async def test_who_may_see_a_clip_sees_its_file(api: AsyncClient, settings: Settings) -> None:
    ada, bob = await Person.creator(api), await Person.creator(api)
    public, unlisted, private = [
        await clip_of(ada, visibility=visibility) for visibility in ("public", "unlisted", "private")
    ]
    api.cookies.clear()  # who signed in last is not who asks
    for clip, seen in ((public, 200), (unlisted, 200), (private, 404)):
        for answer in (
            await api.get(f"/api/vods/{clip['id']}"),
            await bob.ask("GET", f"/api/vods/{clip['id']}"),
            await api.get(clip["url"]),
            await bob.ask("GET", clip["url"]),
        ):
            assert answer.status_code == seen, clip["visibility"]
    served = await ada.ask("GET", private["url"])
    assert (served.status_code, served.headers["cache-control"]) == (200, "private, no-store")
    mine = (await ada.ask("GET", "/api/me/vods")).json()["items"]
    assert [clip["id"] for clip in mine] == [private["id"], unlisted["id"], public["id"]]
    listed = (await api.get(f"/api/creators/{ada.id}/vods")).json()["items"]
    assert [clip["id"] for clip in listed] == [public["id"]]
    for name in (f"{public['id']}.mp4", f"{str(public['id']).upper()}.webm", f"{uuid4()}.webm", "..%2fassets", "x"):
        assert (await api.get(f"/vods/{name}")).status_code == 404, name


async def test_a_list_goes_on_where_the_page_before_ended(api: AsyncClient) -> None:
    ada = await Person.creator(api)
    made = [(await clip_of(ada))["id"] for _ in range(3)]
    first = (await api.get(f"/api/creators/{ada.id}/vods", params={"limit": 2})).json()
    second = (await api.get(f"/api/creators/{ada.id}/vods", params={"limit": 2, "cursor": first["nextCursor"]})).json()
    assert [clip["id"] for clip in first["items"] + second["items"]] == made[::-1]
    assert second["nextCursor"] is None


async def test_only_its_creator_changes_or_removes_a_clip(api: AsyncClient, pool: Pool, settings: Settings) -> None:
    ada, bob = await Person.creator(api), await Person.creator(api)
    made = await clip_of(ada)
    path = f"/api/vods/{made['id']}"
    for method, given in (("PATCH", {"json": {"title": "Mine"}}), ("DELETE", {})):
        assert refusal(await bob.ask(method, path, **given)) == (403, "not_owner")
    changed = await ada.ask("PATCH", path, json={"title": "Us", "visibility": "private"})
    assert (changed.json()["title"], changed.json()["visibility"]) == ("Us", "private")
    assert refusal(await bob.ask("DELETE", path)) == (404, "vod_not_found")
    assert (await ada.ask("PATCH", path, json={"title": "Us"})).json() == changed.json()
    assert await events_of(pool, ada.id, "vod.changed") == 1
    assert (await ada.ask("DELETE", path)).status_code == 204
    assert not (settings.home / made["url"].lstrip("/")).exists()
    assert refusal(await ada.ask("GET", path)) == (404, "vod_not_found")
    assert await events_of(pool, ada.id, "vod.removed") == 1

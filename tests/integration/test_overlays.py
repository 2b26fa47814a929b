"""What creators lay over their shows: kept whole or not at all, of own files only, and told to shows that are on."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest
from httpx import AsyncClient

from livestreamx.engines.postgres import Pool
from livestreamx.events import decode
from livestreamx.frames import SceneState
from pipelines.command_frames import frames_of
from tests.integration.interacting import told
from tests.integration.people import Person, refusal
from tests.integration.test_profiles import FILES, PNG

PATH = "/api/me/overlays"


async def file_of(person: Person, body: bytes = PNG) -> dict[str, Any]:
    made: dict[str, Any] = (await person.ask("POST", "/api/me/assets", content=body)).json()
    return made


def words(key: str = "hello", **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": "words", "x": 5, "y": 80, "width": 40, "height": 10, "text": "Hello", **more}


def picture(asset: str, key: str = "logo", **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": "picture", "x": 80, "y": 4, "width": 16, "height": 20, "assetId": asset, **more}


async def put(person: Person, *overlays: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await person.ask("PUT", PATH, json={"overlays": overlays})
    assert answer.status_code == 200, answer.text
    kept: list[dict[str, Any]] = answer.json()["overlays"]
    return kept


async def last_scene(pool: Pool, stream: str) -> SceneState:
    """What the room is told last of how the show looks."""
    latest = (await told(pool, stream, "scene.changed"))[-1]
    ((_, name, data, _),) = frames_of(decode(msgspec.json.encode(latest)))
    assert (name, data.kind) == ("overlay:trigger", "scene")
    shown: SceneState = data.scene
    return shown


async def test_overlays_are_kept_as_they_were_wished_in_their_order(api: AsyncClient) -> None:
    ada = await Person.creator(api)
    assert (await ada.ask("GET", PATH)).json() == {"overlays": []}
    logo = await file_of(ada)
    kept = await put(
        ada, picture(logo["id"], text="My\u202e logo"), words(text="  <b>Hi</b> \u0007 there", enabled=False)
    )
    assert kept == [
        {**picture(logo["id"]), "text": "My logo", "url": logo["url"], "enabled": True},
        {**words(), "text": "<b>Hi</b>  there", "assetId": None, "url": None, "enabled": False},
    ]
    assert (await ada.ask("GET", PATH)).json() == {"overlays": kept}
    assert [one["key"] for one in await put(ada, words("b"), words("a"))] == ["b", "a"]
    assert await put(ada) == []


@pytest.mark.parametrize(
    "wrong",
    [
        words("Has Space"),
        words("a" * 25),
        words("snow"),
        words(text="\u200b"),
        words(text="x" * 121),
        words(x=70, width=31),
        words(y=-1),
        words(width=0),
        words(x=1.5),
        words(kind="iframe"),
        words(css="x"),
        words(assetId=str(uuid4())),
        {**words(), "kind": "picture"},
    ],
)
async def test_what_does_not_fit_changes_nothing(api: AsyncClient, wrong: dict[str, Any]) -> None:
    ada = await Person.creator(api)
    before = await put(ada, words("first"))
    assert refusal(await ada.ask("PUT", PATH, json={"overlays": [words("second"), wrong]}))[0] == 422
    assert (await ada.ask("GET", PATH)).json()["overlays"] == before


async def test_overlays_have_names_of_their_own_and_are_twelve_at_most(api: AsyncClient) -> None:
    ada = await Person.creator(api)
    twice = await ada.ask("PUT", PATH, json={"overlays": [words("a"), words("a")]})
    assert (refusal(twice), twice.json()["overlay"]) == ((422, "bad_overlay"), "a")
    assert refusal(await ada.ask("PUT", PATH, json={"overlays": [words(f"o{n}") for n in range(13)]}))[0] == 422
    assert len(await put(ada, *(words(f"o{n}") for n in range(12)))) == 12


async def test_only_own_pictures_lie_over_a_show_or_behind_it(api: AsyncClient) -> None:
    ada, bob = await Person.creator(api), await Person.creator(api)
    stream = await ada.go_live()
    foreign, sound = await file_of(bob), await file_of(ada, FILES["mp3"])
    for asset, why in ((foreign, (404, "asset_not_found")), (sound, (422, "not_a_picture"))):
        assert refusal(await ada.ask("PUT", PATH, json={"overlays": [picture(asset["id"])]})) == why
        behind = {"backgroundAssetId": asset["id"]}
        assert refusal(await ada.ask("PATCH", f"/api/streams/{stream}/scene", json=behind)) == why
    unknown = await ada.ask("PATCH", f"/api/streams/{stream}/scene", json={"overlays": ["snow", "logo"]})
    assert (refusal(unknown), unknown.json()["overlay"]) == ((422, "unknown_overlay"), "logo")


async def test_a_show_that_is_on_sees_every_change_at_once(api: AsyncClient, pool: Pool) -> None:
    ada = await Person.creator(api)
    stream = await ada.go_live()
    logo, hills = await file_of(ada), await file_of(ada)
    await put(ada, picture(logo["id"], text="Logo"), words(enabled=False))
    shown = await last_scene(pool, stream)
    assert [(one.key, one.url, one.text) for one in shown.layers] == [("logo", logo["url"], "Logo")]
    assert (shown.theme, shown.backgroundUrl) == ("plain", "")
    wished = {"backgroundAssetId": hills["id"], "overlays": ["hello", "snow"]}
    changed = (await ada.ask("PATCH", f"/api/streams/{stream}/scene", json=wished)).json()
    assert changed.items() >= wished.items()
    shown = await last_scene(pool, stream)
    assert (shown.backgroundUrl, shown.overlays) == (hills["url"], ("snow",))
    assert [one.key for one in shown.layers] == ["logo", "hello"]
    events = len(await told(pool, stream, "scene.changed"))
    await put(ada, picture(logo["id"], text="Logo"), words(enabled=False))
    assert len(await told(pool, stream, "scene.changed")) == events
    assert (await api.get(f"/api/streams/{stream}")).json()["overlays"] == ["snow", "logo", "hello"]


async def test_a_file_that_is_removed_is_gone_from_shows(api: AsyncClient, pool: Pool) -> None:
    ada = await Person.creator(api)
    stream, announced, plain = await ada.go_live(), await ada.announce(), await ada.announce()
    logo, hills, other = await file_of(ada), await file_of(ada), await file_of(ada)
    await put(ada, picture(logo["id"]), words())
    for one in (stream, announced):
        await ada.ask("PATCH", f"/api/streams/{one}/scene", json={"backgroundAssetId": hills["id"]})
    before = len(await told(pool, stream, "scene.changed"))
    assert (await ada.ask("DELETE", f"/api/me/assets/{other['id']}")).status_code == 204
    assert len(await told(pool, stream, "scene.changed")) == before
    for gone in (logo, hills):
        assert (await ada.ask("DELETE", f"/api/me/assets/{gone['id']}")).status_code == 204
    for one in (stream, announced):
        shown = await last_scene(pool, one)
        assert ([layer.key for layer in shown.layers], shown.backgroundUrl) == (["hello"], "")
    assert await told(pool, plain, "scene.changed") == []
    assert [one["key"] for one in (await ada.ask("GET", PATH)).json()["overlays"]] == ["hello"]
    cleared = await ada.ask("PATCH", f"/api/streams/{stream}/scene", json={"backgroundAssetId": None})
    assert cleared.json()["backgroundAssetId"] is None


async def test_streaming_software_finds_how_the_show_looks(api: AsyncClient) -> None:
    ada = await Person.creator(api)
    key = (await ada.ask("POST", "/api/me/overlay-key")).json()["key"]
    await put(ada, words(text='"><script>'))
    assert (await api.get(f"/o/{key}/stream")).json() == {"streamId": None, "scene": None}
    stream = await ada.go_live()
    on_air = (await api.get(f"/o/{key}/stream")).json()
    assert on_air["streamId"] == stream
    assert [one["text"] for one in on_air["scene"]["layers"]] == ['"><script>']
    for page in (f"/o/{key}", f"/w/{stream}"):
        text = (await api.get(page)).text
        assert "<script>" not in text.replace("<script type", "").replace("<script src", "")
        assert msgspec.json.encode('"><script>').decode() not in text

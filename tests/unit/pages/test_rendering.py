"""What pages are made of without any engine: addresses, numbers, pictures."""

from datetime import UTC, datetime, timedelta
from xml.dom import minidom

import pytest

from api.pages import art
from api.pages.rendering import STATIC, asset, compact, lasted, version
from api.pages.visit import own_path

NOON = datetime(2027, 1, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "written"), [(0, "0"), (999, "999"), (1000, "1K"), (12_345, "12.3K"), (2_000_000, "2M")]
)
def test_large_numbers_are_written_short(number: int, written: str) -> None:
    assert compact(number) == written


@pytest.mark.parametrize(
    ("minutes", "written"), [(0, "0 min"), (59, "59 min"), (125, "2 h 05"), (3 * 24 * 60, "3 days")]
)
def test_durations_are_written_as_people_say_them(minutes: int, written: str) -> None:
    assert lasted(NOON, NOON + timedelta(minutes=minutes)) == written


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("/w/1?x=2", "/w/1?x=2"),
        (None, "/"),
        ("", "/"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\nb", "/"),
    ],
)
def test_only_own_paths_are_gone_to(given: str | None, taken: str) -> None:
    assert own_path(given) == taken


def test_a_poster_depends_on_its_seed_alone_and_is_well_formed() -> None:
    for number in range(40):
        seed = art.poster_seed(f"title {number}", f"category {number % 7}")
        assert art.SEED.fullmatch(seed)
        assert art.poster(seed) == art.poster(seed)
        minidom.parseString(art.poster(seed))
    assert art.poster_seed("a", "x") != art.poster_seed("b", "x")
    assert art.poster_seed("a", " Music ")[:4] == art.poster_seed("b", "music")[:4]


def test_an_avatar_is_well_formed() -> None:
    minidom.parseString(art.avatar("ada_plays"))
    assert art.avatar("ada_plays") != art.avatar("bob_plays")


def test_a_shared_picture_is_a_png_of_the_usual_size() -> None:
    image = art.share_image(art.poster_seed("title", "category"))
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(image[16:20]) == art.SHARE_WIDTH
    assert int.from_bytes(image[20:24]) == art.SHARE_HEIGHT


def test_static_files_have_addresses_that_change_with_them() -> None:
    assert asset("css/base.css") == f"/static/{version()}/css/base.css"
    assert (STATIC / "vendor" / "htmx" / "LICENSE").exists()
    assert (STATIC / "vendor" / "uplot" / "LICENSE").exists()


def test_the_client_of_rooms_stays_small_and_alone() -> None:
    source = (STATIC / "vendor" / "livestreamx" / "livestreamx.js").read_text()
    assert len(source.encode()) < 12 * 1024
    assert "import " not in source

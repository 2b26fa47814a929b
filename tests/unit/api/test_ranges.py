"""Which bytes a `Range` asks for."""

import pytest

from api.ranges import wanted_bytes


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-", range(100)),
        ("bytes=10-19", range(10, 20)),
        ("bytes=90-500", range(90, 100)),
        ("bytes=-5", range(95, 100)),
        ("bytes=-500", range(100)),
        ("bytes=99-99", range(99, 100)),
    ],
)
def test_a_part_of_a_file(header: str, wanted: range) -> None:
    assert wanted_bytes(header, 100) == wanted


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_bytes_that_are_not_there(header: str) -> None:
    assert wanted_bytes(header, 100) == range(0)


@pytest.mark.parametrize("header", ["", "bytes=-", "bytes=5-4", "items=0-4", "bytes=0-1,3-4", "bytes=a-b"])
def test_what_is_not_understood_is_answered_with_the_whole(header: str) -> None:
    assert wanted_bytes(header, 100) is None

"""Cursors come back as the place they were made from, nothing else is taken for one, and the last page has none."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.paging import Place, decode_cursor, encode_cursor, page_of
from livestreamx.errors import Invalid

PLACE = Place(datetime(2027, 1, 30, 18, 0, 0, 123456, tzinfo=UTC), uuid4())


def test_a_cursor_comes_back() -> None:
    assert decode_cursor(encode_cursor(PLACE), Place) == PLACE
    assert decode_cursor(None, Place) is None


@given(st.text(max_size=200))
def test_what_we_never_gave_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor(text, Place)
    assert refused.value.given_code == "bad_cursor"


@pytest.mark.parametrize(("found", "shown", "more"), [(0, 0, False), (2, 2, False), (3, 3, False), (4, 3, True)])
def test_a_page_goes_on_only_where_more_was_found(found: int, shown: int, more: bool) -> None:
    rows = list(range(10, 10 + found))
    page = page_of(rows, 3, str, lambda last: last)
    assert page.items == tuple(map(str, rows[:shown]))
    assert decode_cursor(page.next_cursor, int) == (12 if more else None)

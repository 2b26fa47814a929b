"""The Python client's place in a room: what is new, what was had, and when to come back for what is missing."""

from typing import Any

from livestreamx.client.place import Place, Step


def state(seq: int, epoch: str = "e") -> dict[str, Any]:
    return {"event": "room:state", "data": {"epoch": epoch, "seq": seq}}


def said(seq: int) -> dict[str, Any]:
    return {"event": "chat:message", "seq": seq, "data": {}}


def steps(place: Place, *frames: dict[str, Any]) -> list[Step]:
    return [place.take(frame) for frame in frames]


def test_each_frame_is_told_once_and_in_order() -> None:
    place = Place(partial=False)
    assert steps(place, said(4), state(4), said(5), said(5), said(6), said(3)) == [
        Step.HAD, Step.TELL, Step.TELL, Step.HAD, Step.TELL, Step.HAD,
    ]  # fmt: skip
    assert (place.epoch, place.seq) == ("e", 6)


def test_a_hole_is_come_back_for_once() -> None:
    place = Place(partial=False)
    assert steps(place, state(4), said(6)) == [Step.TELL, Step.COME_BACK]
    assert place.seq == 4
    assert steps(place, state(4), said(6), said(7)) == [Step.TELL, Step.TELL, Step.TELL]
    assert steps(place, said(9)) == [Step.COME_BACK]


def test_what_was_dropped_by_name_is_no_hole() -> None:
    place = Place(partial=False)
    dropped = {"event": "frames:dropped", "data": {"channel": "chat", "count": 2, "fromSeq": 5, "toSeq": 7}}
    assert steps(place, state(4), dropped, said(6), said(8), said(10)) == [Step.TELL] * 4 + [Step.COME_BACK]


def test_a_part_of_a_room_has_gaps() -> None:
    assert steps(Place(partial=True), state(4), said(9), said(12)) == [Step.TELL] * 3


def test_a_room_that_began_anew_counts_from_there() -> None:
    place = Place(partial=False)
    assert steps(place, state(400), state(0, "f"), said(1)) == [Step.TELL] * 3
    assert (place.epoch, place.seq) == ("f", 1)

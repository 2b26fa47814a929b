"""Long work beside requests rests between its pieces, and nothing of it is lost by that."""

import time

from livestreamx.pace import LEAST_SECONDS, Pace, at_once, in_pieces


def work(seconds: float) -> None:
    """Keep this thread's processor busy for so long."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_work_takes_its_share_of_the_time_and_no_more() -> None:
    rest, worked, began = Pace(0.2), 0.0, time.monotonic()
    for _ in range(5):
        work(4 * LEAST_SECONDS)
        worked += 4 * LEAST_SECONDS
        rest()
    assert worked <= 0.2 * (time.monotonic() - began)


def test_too_little_work_adds_up_until_it_is_worth_a_rest() -> None:
    rest, began = Pace(0.01), time.thread_time()
    rest()
    while time.thread_time() - began < 2 * LEAST_SECONDS:
        pass
    at = time.monotonic()
    rest()
    assert time.monotonic() - at >= 99 * LEAST_SECONDS


def test_items_come_whole_with_a_rest_after_each_piece() -> None:
    rests: list[int] = []
    pieces = in_pieces(iter(range(250)), lambda: rests.append(next(pieces_done)), size=100)
    pieces_done = iter(range(1, 10))
    assert list(pieces) == list(range(250))
    assert rests == [1, 2]
    assert list(in_pieces([1, 2], at_once)) == [1, 2]

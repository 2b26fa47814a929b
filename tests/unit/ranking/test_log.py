"""Logs made elsewhere: any header, order and way to tell the time; what is unusable is counted or named."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from ranking.external import history_of, offers_of
from ranking.log import LogError, Visits, read_live, read_visits


def written(folder: Path, text: str, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def told(visits: Visits) -> list[tuple[str, str, float, float]]:
    """user, item, start and stop of each visit."""
    rows = zip(visits.user, visits.item, visits.start.tolist(), visits.stop.tolist(), strict=True)
    return [(visits.users[user], visits.items[item], start, stop) for user, item, start, stop in rows]


EXPECTED = [("ann", "x", 600.0, 1800.0), ("bob", "y", 1200.0, 1200.0)]


@pytest.mark.parametrize(
    "text",
    [
        "user,item,start,stop\nann,x,1,3\nbob,y,2,2\n",
        "start,stop,user_id,streamer_name\n1,3,ann,x\n2,2,bob,y\n",
        ",User ID,Stop Time,Channel,Start Time,community\n0,ann,3,x,1,9\n1,bob,2,y,2,9\n",
        "user;item;start;stop\nbob;y;2;2\nann;x;1;3\n",
        "\ufeffuser\titem\tstart\tstop\r\nann\tx\t1\t3\r\nbob\ty\t2\t2\r\n\r\n",
        "ann,x,1,3\nbob,y,2,2\n",
        "ann,17,x,1,3\nbob,18,y,2,2\n",
        "user,item,start,end\nann,x,600000000,600001200\nbob,y,600000600,600000600\n",
        "user,item,begin,end\nann,x,19700101T001000,1970-01-01 00:30\nbob,y,1970-01-01T01:20+01:00,1970-01-01 00:20\n",
    ],
)
def test_whatever_the_header_the_order_and_the_clock(tmp_path: Path, text: str) -> None:
    visits = read_visits(written(tmp_path, text))
    shift = 599_999_400.0 if "600000000" in text else 0.0
    assert [(user, item, start - shift, stop - shift) for user, item, start, stop in told(visits)] == EXPECTED
    assert (visits.tells_stop, visits.dropped) == (True, {})


def test_columns_told_and_gzip(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write("1,?,x,3,ann\n2,?,y,2,bob\n")
    assert told(read_visits(path, columns=["start", "-", "item", "stop", "user"])) == EXPECTED


def test_what_cannot_be_used_is_dropped_and_counted(tmp_path: Path) -> None:
    rows = ["ann,x,5,9", "ann,x,5,9", "ann,x,5,7", "bob,x,9,5", "bob,x,soon,5", "bob", "cat,y,2,3", ",x,1,2"]
    visits = read_visits(written(tmp_path, "user,item,start,stop\n" + "\n".join(rows)))
    assert [row[0] for row in told(visits)] == ["cat", "ann"]
    assert visits.dropped == {
        "short rows": 2,
        "times that cannot be read": 1,
        "stop before start": 1,
        "duplicates": 2,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("user,item\nann,x\n", "cannot be guessed"),
        ("user,start\nann,1\n", "no column for item"),
        ("user,item,start\n", "no row tells"),
        ("user,item,start\nann,x,later\n", "1 times that cannot be read"),
    ],
)
def test_a_useless_file_says_what_is_missing(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LogError, match=said):
        read_visits(written(tmp_path, text))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="cannot be read"):
        read_visits(tmp_path / "nowhere.csv")


def test_known_intervals_decide_what_is_on_offer(tmp_path: Path) -> None:
    visits = read_visits(written(tmp_path, "user,item,start\nann,x,1\nbob,y,2\nann,y,9\n"))
    live = read_live(written(tmp_path, "stop,item,start\n3,x,0\n4,y,2\n5,z,0\n", "live.csv"), visits.items)
    history = history_of(visits, live)
    offer = offers_of(history, live, 0.0)().at(1500.0, 0)
    assert [visits.items[creator] for creator in offer.creators] == ["x", "y"]
    assert offer.age.tolist() == [1500.0, 300.0]
    assert offers_of(history, live, 0.0)().at(9 * 600.0, 0).streams.tolist() == []
    assert history.watched_creator.tolist() == visits.item.tolist()


def test_a_log_from_before_nought_is_moved_by_whole_days(tmp_path: Path) -> None:
    """There 0 stands for never, and the time of day means something."""
    visits = read_visits(written(tmp_path, "user,item,start,stop\nann,x,-200,-198\nbob,x,-190,-180\n"))
    history = history_of(visits, (np.zeros(1, np.int32), np.array([-130_000.0]), np.array([-100_000.0])))
    assert history.watches.start.tolist() == [172_800 - 120_000.0, 172_800 - 114_000.0]
    assert history.until == 172_800 - 108_000.0
    assert history.streams.live_at(60_000.0).tolist() == [0]


def test_without_intervals_others_have_to_show_that_a_channel_is_live(tmp_path: Path) -> None:
    log = "user,item,start,stop\nann,x,0,2\nbob,x,6,6\nbob,y,6,7\nann,z,6,9\n"
    visits = read_visits(written(tmp_path, log))
    offers = offers_of(history_of(visits), None, 1800.0)()
    ann, bob = visits.users.index("ann"), visits.users.index("bob")

    def seen(step: float, user: int) -> list[str]:
        return [visits.items[creator] for creator in offers.at(step * 600, user).creators]

    assert seen(5, bob) == ["x", "z"]
    assert seen(5.5, bob) == ["z"]
    assert seen(6, ann) == ["x", "y"]
    assert seen(12.5, bob) == []


@pytest.mark.parametrize("unknown", ["", "ongoing", "nan"])
def test_a_visit_whose_end_is_not_told_counts_all_the_same(tmp_path: Path, unknown: str) -> None:
    visits = read_visits(written(tmp_path, f"user,item,start,stop\nann,x,1,3\nbob,y,2,{unknown}\n"))
    assert (told(visits), visits.dropped) == (EXPECTED, {})


def test_seconds_from_nought_are_not_taken_for_steps(tmp_path: Path) -> None:
    text = "user,item,start\n" + "\n".join(f"ann,x,{second}" for second in range(0, 3_600_000, 600_000))
    assert [start for *_, start, _ in told(read_visits(written(tmp_path, text)))] == list(range(0, 3_600_000, 600_000))


def test_live_spans_go_by_many_names(tmp_path: Path) -> None:
    text = "user,item,start,end,availability start,Stream_End\nann,x,1,3,0,4\nbob,y,2,2,1,9\n"
    live = read_visits(written(tmp_path, text)).live
    assert live is not None
    assert [column.tolist() for column in live] == [[0, 1], [0.0, 600.0], [2400.0, 5400.0]]

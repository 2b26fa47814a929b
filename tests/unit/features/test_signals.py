"""Signals fade, nobody knows the future, and what is kept online is what training sees: one definition."""

import msgspec
import numpy as np
import pytest

from features import affinity, trend
from features.affinity import Bonds, BondTable
from features.channels import Channels
from features.decay import DAY, HOUR, nearness, rhythm
from features.history import History
from features.likings import LIKING, Likings
from features.signals import FURTHEST, SIGNALS, Scene, describe, place
from features.sweep import Sweep
from features.trend import Trends, TrendTable
from tests.unit.ranking.worlds import make_history

USERS, CHANNELS = 6, 5


@pytest.fixture(name="history", scope="module")
def random_history() -> History:
    draw = np.random.default_rng(5)
    history = make_history(
        until=40 * DAY,
        creators=list(range(CHANNELS)),
        live=[(0, np.inf)] * CHANNELS,
        watches=[
            (
                int(draw.integers(USERS)),
                int(draw.integers(CHANNELS)),
                float(draw.random() * 39 * DAY),
                float(draw.exponential(40)),
            )
            for _ in range(400)
        ],
        gifts=[
            (int(draw.integers(USERS)), int(draw.integers(CHANNELS)), at, float(draw.integers(1, 50)))
            for at in np.sort(draw.random(60) * 40 * DAY).tolist()
        ],
        follows=[(0, 1, DAY, True), (0, 2, 2 * DAY, True), (0, 1, 3 * DAY, False)],
    )
    return msgspec.structs.replace(history, settling=45.0)


def scene_of(bonds: Bonds, bond: np.ndarray, trends: Trends, follows: set[int], at: float) -> Scene:
    everything = np.arange(CHANNELS)
    return Scene(
        at=at,
        bonds=bonds,
        bond=bond,
        followed=np.isin(everything, list(follows)),
        channels=Channels.of(trends, np.full(CHANNELS, 2 * HOUR)),
        liking=Likings.of(np.outer(everything + 1.0, np.ones(len(LIKING)))),
    )


def offline(sweep: Sweep, user: int, at: float) -> Scene:
    sweep.advance(at)
    creators, bonds = sweep.of_viewer(user, at)
    bond = np.full(CHANNELS, -1, np.int32)
    bond[creators] = np.arange(len(creators))
    trends = sweep.of_channels(np.arange(CHANNELS, dtype=np.int32), at)
    return scene_of(bonds, bond, trends, sweep.follows[user], at)


class Online:
    """The online store as bytes, moved on by one event at a time."""

    def __init__(self, history: History) -> None:
        watches, gifts = history.watches, history.gifts
        channel = history.watched_creator
        self._bonds: dict[tuple[int, int], bytes] = {}
        self._trends: dict[int, bytes] = {}
        self._next = 0
        events = [(at, 0, row) for row, at in enumerate(watches.start.tolist())]
        events += [(at + history.settling, 1, row) for row, at in enumerate(watches.stop.tolist())]
        events += [(at, 2, row) for row, at in enumerate(gifts.at.tolist())]
        self._events = sorted(events)
        self._who = [(watches.user, channel), (watches.user, channel), (gifts.user, gifts.creator)]
        self._history = history

    def advance(self, at: float) -> None:
        while self._next < len(self._events) and self._events[self._next][0] < at:
            self._take(*self._events[self._next])
            self._next += 1

    def _take(self, at: float, kind: int, row: int) -> None:
        users, channels = self._who[kind]
        user, channel = int(users[row]), int(channels[row])
        stored = self._bonds.get((user, channel), bytes(8 * affinity.WIDTH))
        bond = BondTable.of(affinity.stored_rows([stored]))
        beat = TrendTable.of(trend.stored_rows([self._trends.get(channel)]))
        only, now = np.zeros(1, np.int32), np.array([at])
        watches = self._history.watches
        if kind == 0:
            beat.arrive(only, now, bond.fading.sums[:, affinity.VISITS] == 0)
            bond.arrive(only, now)
        elif kind == 1:
            bond.leave(only, now, watches.stop[[row]], watches.minutes[[row]])
            beat.leave(only, now, watches.minutes[[row]])
        else:
            bond.give(only, now, self._history.gifts.tokens[[row]])
            beat.give(only, now, self._history.gifts.tokens[[row]])
        (self._bonds[user, channel],) = affinity.pack(bond.stored(only))
        (self._trends[channel],) = affinity.pack(beat.stored(only))

    def scene(self, user: int, follows: set[int], at: float) -> Scene:
        mine = sorted(channel for who, channel in self._bonds if who == user)
        bond = np.full(CHANNELS, -1, np.int32)
        bond[mine] = np.arange(len(mine))
        bonds = affinity.unpack([self._bonds[user, channel] for channel in mine], at)
        trends = trend.unpack([self._trends.get(channel) for channel in range(CHANNELS)], at)
        return scene_of(bonds, bond, trends, follows, at)


def test_online_and_offline_differ_in_no_signal(history: History) -> None:
    """Skew: sampled viewers and instants, all channels, all signals."""
    draw, rows = np.random.default_rng(1), np.arange(CHANNELS, dtype=np.int32)
    sweep, online = Sweep(history), Online(history)
    compared = differences = 0
    for at in np.sort(draw.random(300) * 40 * DAY).tolist():
        online.advance(at)
        user = int(draw.integers(USERS))
        one = describe(offline(sweep, user, at), rows)
        other = describe(online.scene(user, sweep.follows[user], at), rows)
        compared += one.size
        differences += int((~np.isclose(one, other, rtol=1e-5, atol=1e-6)).sum())
    assert compared == 300 * CHANNELS * len(SIGNALS)
    assert differences == 0


def leaks(history: History, sweep_of: type[Sweep]) -> int:
    """How many signals of sampled instants change when everything after the instant is changed."""
    draw, rows = np.random.default_rng(2), np.arange(CHANNELS, dtype=np.int32)
    changed = 0
    for at in (draw.random(40) * 38 * DAY).tolist():
        user = int(draw.integers(USERS))
        both = (history, altered_after(history, at))
        seen = [describe(offline(sweep_of(known), user, at), rows) for known in both]
        changed += int((seen[0] != seen[1]).sum())
    return changed


def altered_after(history: History, at: float) -> History:
    """The same until `at`; later visits go to other channels, and those that are not over last ten times as long."""
    watches, streams = history.watches, history.watches.stream.copy()
    later = watches.start >= at
    streams[later] = (streams[later] + 1) % CHANNELS
    minutes = np.where(watches.stop + history.settling >= at, watches.minutes * 10, watches.minutes)
    gifts = msgspec.structs.replace(history.gifts, tokens=np.where(history.gifts.at >= at, 999.0, history.gifts.tokens))
    watches = msgspec.structs.replace(watches, stream=streams, minutes=minutes, stop=watches.start + minutes * 60)
    return msgspec.structs.replace(history, watches=watches, gifts=gifts)


class Clairvoyant(Sweep):
    """A sweep with a planted leak: it takes in an hour more than it may."""

    def advance(self, at: float) -> None:
        super().advance(at + HOUR)


def test_no_signal_knows_the_future_and_a_planted_one_is_caught(history: History) -> None:
    assert leaks(history, Sweep) == 0
    assert leaks(history, Clairvoyant) > 0


def test_sums_halve_in_their_half_lives() -> None:
    table, only = BondTable(1), np.zeros(1, np.int32)
    table.arrive(only, np.array([DAY]))
    table.leave(only, np.array([DAY + 60]), np.array([DAY + 60]), np.array([60.0]))
    table.give(only, np.array([DAY + 60]), np.array([10.0]))
    later = table.seen_at(only, DAY + 60 + 14 * DAY)
    assert later.sums[0, affinity.MINUTES] == pytest.approx(30)
    assert later.sums[0, affinity.TOKENS] == pytest.approx(5)
    assert later.sums[0, affinity.VISITS] == 1
    assert (later.first[0], later.last[0], later.left[0]) == (DAY, DAY, DAY + 60)
    assert table.seen_at(only, 2 * DAY).sums[0, affinity.IN_A_DAY] == pytest.approx(0.5)


def test_an_arrival_counts_at_once_and_its_minutes_when_it_is_known_to_be_over() -> None:
    history = make_history(until=DAY, creators=[0], live=[(0, DAY)], watches=[(0, 0, 100.0, 10)])
    sweep = Sweep(msgspec.structs.replace(history, settling=45.0))
    known = {}
    for at in (100.0, 101.0, 745.0, 745.5):
        sweep.advance(at)
        _, bonds = sweep.of_viewer(0, at)
        visits, minutes = float(bonds.sums[:, affinity.VISITS].sum()), float(bonds.sums[:, affinity.MINUTES].sum())
        known[at] = (visits, round(minutes, 3), float(sweep.of_channels(np.array([0], np.int32), at).present[0]))
    assert known == {100.0: (0, 0, 0), 101.0: (1, 0, 1), 745.0: (1, 0, 1), 745.5: (1, 10, 0)}


def test_all_at_once_equals_step_by_step(history: History) -> None:
    at, stepped, at_once = 33 * DAY, Sweep(history), Sweep(history)
    for instant in np.linspace(0, at, 200).tolist():
        stepped.advance(instant)
    stepped.advance(at)
    at_once.advance(at)
    rows = stepped.touched()
    assert np.array_equal(rows, at_once.touched())
    assert np.allclose(stepped.bonds.seen_at(rows, at).sums, at_once.bonds.seen_at(rows, at).sums, rtol=1e-9)
    channels = np.arange(CHANNELS, dtype=np.int32)
    assert np.allclose(stepped.of_channels(channels, at).sums, at_once.of_channels(channels, at).sums, rtol=1e-9)


def test_a_follow_is_undone_by_its_withdrawal(history: History) -> None:
    sweep = Sweep(history)
    sweep.advance(2.5 * DAY)
    assert sweep.follows[0] == {1, 2}
    sweep.advance(4 * DAY)
    assert sweep.follows[0] == {2}


def test_nearness_knows_the_hour_of_a_habit() -> None:
    evenings = np.arange(10) * DAY + 20 * HOUR
    moments = rhythm(evenings).sum(axis=0)[None]
    near = [float(nearness(np.array([10.0]), moments, hour * HOUR)[0]) for hour in (20, 19, 14, 8)]
    assert near[0] > near[1] > 4 * max(near[2:])


def test_places_end_and_nothing_has_none() -> None:
    scores = np.append(np.arange(80.0), -1.0)
    found = place(scores)
    assert found[79] == 0
    assert found[78] == 1
    assert found[[0, 10, 80]].tolist() == [FURTHEST] * 3
    assert place(np.zeros(3)).tolist() == [FURTHEST] * 3

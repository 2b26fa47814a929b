"""A seeded world of viewers with habits and channels with schedules, written as history into ClickHouse.

Viewers return to what they know, discover by taste, popularity and hour, and give where they stay: enough
structure for a recommender to find, from a few hundred people to the ten thousand of the reference size.
"""

from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEP_SECONDS = 600
DAY_STEPS = 24 * 3600 // STEP_SECONDS

TOPICS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("Just Chatting", ("cozy", "irl"), ("morning coffee", "your questions answered", "stories from the road")),
    ("Chess", ("strategy", "blitz"), ("blitz to 2200", "endgame clinic", "openings with viewers")),
    ("Music", ("piano", "live"), ("requests on the piano", "late night loops", "writing a song together")),
    ("Speedrunning", ("any percent", "retro"), ("world record attempts", "learning the route", "glitch hunting")),
    ("Cooking", ("kitchen", "baking"), ("bread from scratch", "one pot dinner", "baking with what is left")),
    ("Drawing", ("art", "sketch"), ("portrait commissions", "ink and paper", "sketching your ideas")),
    ("Programming", ("code", "opensource"), ("writing a compiler", "fixing bugs live", "small tools in an evening")),
    ("Football Manager", ("sports", "tactics"), ("transfer window", "saving a small club", "cup final day")),
    ("Horror Games", ("scary", "story"), ("alone in the asylum", "first playthrough", "jump scares and snacks")),
    ("Racing", ("simracing", "cars"), ("rain at the ring", "league night", "setups explained")),
    ("Fitness", ("yoga", "health"), ("stretch with me", "ten thousand steps", "strength for beginners")),
    ("Battle Royale", ("shooter", "ranked"), ("road to the top", "squads with viewers", "solo against squads")),
    ("Science", ("space", "learning"), ("launch watch party", "physics without fear", "reading the paper")),
    ("Gardening", ("plants", "outdoor"), ("seedlings in spring", "balcony jungle", "pruning day")),
    ("Tabletop", ("dice", "roleplay"), ("the lost mine", "building a world", "a one shot for newcomers")),
    ("Travel", ("city", "walk"), ("night walk downtown", "train across the country", "street food tour")),
)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in it; rows index each other, times are seconds since the epoch.

    Streams carry `stream_topic`; watches are (viewer, stream, start, seconds); gifts (viewer, stream, at, tokens).
    """

    viewers: list[UUID]
    creators: list[UUID]
    handles: list[str]
    streams: list[UUID]
    stream_creator: Ints
    stream_start: Floats
    stream_end: Floats
    stream_told: list[tuple[str, str, tuple[str, ...]]]
    watches: NDArray[np.float64]
    gifts: NDArray[np.float64]
    follows: NDArray[np.float64]


def id_of(seed: int, kind: int, number: int) -> UUID:
    """The id of person, channel or stream `number` in the world of that seed: always the same."""
    return UUID(int=(0x51 << 120) | (kind << 112) | (0x8 << 60 | 0x7 << 76) | (seed & 0xFFFF) << 32 | number)


class Channels(msgspec.Struct, frozen=True):
    """Taste [n, topics], topic, fame (log), hour of the day it starts at (steps), steps it lasts, weekdays."""

    topic: Ints
    fame: Floats
    hour: Floats
    days: NDArray[np.bool_]


def make_world(*, viewers: int, channels: int, days: int, until: float, seed: int) -> World:
    """A world whose history ends at `until`, such as 10,000 viewers and 500 channels over 21 days."""
    draw = np.random.default_rng(seed)
    made = _channels(draw, channels)
    steps = days * DAY_STEPS
    began = until - steps * STEP_SECONDS
    owner, first, last = _schedule(draw, made, days)
    live = [np.flatnonzero((first <= step) & (last > step)) for step in range(steps)]
    watches, gifts, follows = _watch(draw, made, owner, last, live, viewers=viewers, began=began)
    told = [_tell(draw, int(made.topic[channel])) for channel in owner.tolist()]
    return World(
        viewers=[id_of(seed, 1, number) for number in range(viewers)],
        creators=[id_of(seed, 2, number) for number in range(channels)],
        handles=[f"channel_{number:04d}" for number in range(channels)],
        streams=[id_of(seed, 3, number) for number in range(len(owner))],
        stream_creator=owner,
        stream_start=began + STEP_SECONDS * first.astype(np.float64),
        stream_end=began + STEP_SECONDS * last.astype(np.float64),
        stream_told=told,
        watches=watches[watches[:, 2] + watches[:, 3] < until],
        gifts=gifts[gifts[:, 2] < until],
        follows=follows[follows[:, 2] < until],
    )


def _channels(draw: np.random.Generator, count: int) -> Channels:
    fame = -0.8 * np.log(draw.permutation(count) + 6.0) + draw.normal(0, 0.3, count)
    evening = (draw.vonmises(np.pi * 1.6, 1.0, count) % (2 * np.pi)) / (2 * np.pi) * DAY_STEPS
    per_week = draw.integers(3, 8, count)
    days = np.stack([np.isin(np.arange(7), draw.permutation(7)[:number]) for number in per_week])
    return Channels(draw.integers(0, len(TOPICS), count), fame, evening, days)


def _schedule(draw: np.random.Generator, channels: Channels, days: int) -> tuple[Ints, Ints, Ints]:
    """(channel, first step, step it ends at) of every stream, at most one at a time a channel."""
    rows = []
    for channel in range(len(channels.topic)):
        free = 0
        for day in range(days):
            start = int(day * DAY_STEPS + (channels.hour[channel] + draw.normal(0, 4)) % DAY_STEPS)
            length = int(np.clip(draw.lognormal(np.log(20), 0.5), 4, 60))
            if channels.days[channel, day % 7] and start >= free:
                rows.append((channel, start, start + length))
                free = start + length + 1
    owner, first, last = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return owner, first, last


def _watch(
    draw: np.random.Generator,
    channels: Channels,
    owner: Ints,
    last: Ints,
    live: list[NDArray[np.intp]],
    *,
    viewers: int,
    began: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Every visit, gift and follow, in steps of ten minutes."""
    taste = np.log(draw.dirichlet(np.full(len(TOPICS), 0.15), viewers) + 0.004)
    activity = draw.lognormal(np.log(0.9), 0.6, viewers) / DAY_STEPS
    evening = draw.vonmises(np.pi * 1.7, 0.9, viewers) % (2 * np.pi) / (2 * np.pi) * DAY_STEPS
    loyal, generous = draw.beta(5, 2, viewers), draw.pareto(1.5, viewers) * 0.02
    known: list[dict[int, list[float]]] = [{} for _ in range(viewers)]
    busy = np.zeros(viewers, np.int64)
    watches: list[tuple[float, float, float, float]] = []
    gifts: list[tuple[float, float, float, float]] = []
    follows: list[tuple[float, float, float]] = []
    for step, on in enumerate(live):
        rhythm = np.exp(0.9 * np.cos(2 * np.pi * ((step - evening) % DAY_STEPS) / DAY_STEPS))
        for viewer in np.flatnonzero(
            (draw.random(viewers) < activity * rhythm) & (busy <= step) & (len(on) > 0)
        ).tolist():
            mine = known[viewer]
            stream = _choose(
                draw,
                channels,
                owner[on],
                on,
                taste=taste[viewer],
                known=mine,
                step=step,
                loyal=draw.random() < loyal[viewer],
            )
            channel = int(owner[stream])
            start = began + (step + draw.random()) * STEP_SECONDS
            seconds = min(draw.lognormal(np.log(1500), 0.8), began + float(last[stream]) * STEP_SECONDS - start)
            if seconds < 30:
                continue
            busy[viewer] = step + int(seconds // STEP_SECONDS) + 1
            watches.append((viewer, stream, start, seconds))
            bond = mine.setdefault(channel, [0.0, 0.0])
            bond[0], bond[1] = bond[0] + 1, step
            if bond[0] == 3 and draw.random() < 0.6:
                follows.append((viewer, channel, start + seconds * 0.5))
            if draw.random() < min(0.5, generous[viewer] * (1 + bond[0])):
                gifts.append(
                    (viewer, stream, start + seconds * draw.random(), float(5 * np.ceil(draw.pareto(1.2) + 0.01)))
                )
    return tuple(np.array(rows or np.zeros((0, width))) for rows, width in ((watches, 4), (gifts, 4), (follows, 3)))  # type: ignore[return-value]


def _choose(
    draw: np.random.Generator,
    channels: Channels,
    owners: Ints,
    on: NDArray[np.intp],
    *,
    taste: Floats,
    known: dict[int, list[float]],
    step: int,
    loyal: bool,
) -> int:
    """A stream by Gumbel-max: among the channels one knows by habit, else by fame and taste."""
    mine = np.array([row for row, channel in enumerate(owners.tolist()) if channel in known], np.int64)
    if loyal and len(mine):
        bonds = np.array([known[channel] for channel in owners[mine].tolist()])
        worth = 2.0 * np.log(bonds[:, 0]) - 0.35 * np.log((step - bonds[:, 1]) / DAY_STEPS + 0.05)
        worth = worth + 0.3 * taste[channels.topic[owners[mine]]]
        return int(on[mine[(worth + draw.gumbel(size=len(mine))).argmax()]])
    worth = channels.fame[owners] + 1.1 * taste[channels.topic[owners]]
    return int(on[(worth + draw.gumbel(size=len(on))).argmax()])


def _tell(draw: np.random.Generator, topic: int) -> tuple[str, str, tuple[str, ...]]:
    category, tags, titles = TOPICS[topic]
    return titles[draw.integers(len(titles))].capitalize(), category, tags

"""Every flow on its real engines: where it stands, and which sink its dataflow ends in."""

from collections.abc import Sequence

from bytewax.dataflow import Dataflow
from bytewax.inputs import Source

from livestreamx.topics import Topic
from pipelines import (
    archive,
    audience,
    engagement,
    games,
    habits,
    highlights,
    leaderboards,
    mood,
    overlays,
    progress,
    pulse,
    velocity,
)
from pipelines.act_table import ActReadings
from pipelines.counting import chunk_writer, counting
from pipelines.feed import IMMEDIATE, Pace
from pipelines.fences import Fence
from pipelines.freshness import measured
from pipelines.mood_results import MoodTeller, read_memories
from pipelines.progress_news import ProgressNews
from pipelines.records import Chunk
from pipelines.run import Run, Sink
from pipelines.runner import Build, Engines, Flow


def _archive(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    write = measured(archive.table_writer(engines.clickhouse(), engines.producer()), engines.metrics.event_to_dashboard)
    return archive.archive(source, Sink(run, lambda: write))


def _audience(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    redis = engines.redis()
    frames = audience.AudienceFrames(redis, engines.settings.session_gap_seconds)
    write = chunk_writer(Fence(redis, audience.NAME), audience.count, before=frames.before, after=frames.after)
    return counting(audience.NAME, source, Sink(run, lambda: write))


def _mood(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    redis = engines.redis()
    memories = read_memories(redis, [*Fence(redis, mood.NAME).read()])
    teller = MoodTeller(redis, engines.producer())
    return mood.mood(source, Sink(run, lambda: teller.write), lambda place: memories.get(place, mood.Memory()))


def _engagement(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    write = chunk_writer(Fence(engines.redis(), engagement.NAME), engagement.count)
    return counting(engagement.NAME, source, Sink(run, lambda: write))


def _games(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    write = chunk_writer(Fence(engines.redis(), games.NAME), games.count)
    return counting(games.NAME, source, Sink(run, lambda: write))


def _habits(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    write = habits.habits_writer(engines.redis(), engines.settings.session_gap_seconds)
    return counting(habits.NAME, source, Sink(run, lambda: write))


def _leaderboards(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    redis = engines.redis()
    frames = leaderboards.BoardFrames(redis)
    write = chunk_writer(Fence(redis, leaderboards.NAME), leaderboards.count, after=frames.after)
    return counting(leaderboards.NAME, source, Sink(run, lambda: write))


def _pulse(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    write = pulse.table_writer(Fence(engines.redis(), pulse.NAME))
    return counting(pulse.NAME, source, Sink(run, lambda: write))


def _overlays(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    write = overlays.overlays_writer(engines.redis())
    return counting(overlays.NAME, source, Sink(run, lambda: write))


def _highlights(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    redis = engines.redis()
    judge = highlights.Judge(redis, engines.clickhouse(), engines.producer())
    write = chunk_writer(Fence(redis, highlights.NAME), highlights.count, after=judge.after)
    return counting(highlights.NAME, source, Sink(run, lambda: write))


def _progress(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    redis = engines.redis()
    news = ProgressNews(redis, engines.settings.postgres_url)
    write = chunk_writer(Fence(redis, progress.NAME), progress.count, after=news.after)
    return counting(progress.NAME, source, Sink(run, lambda: write))


def _velocity(engines: Engines, run: Run, source: Source[Chunk]) -> Dataflow:
    redis = engines.redis()
    flags = velocity.Flags(redis, engines.settings.postgres_url)
    write = chunk_writer(Fence(redis, velocity.NAME), velocity.count, after=flags.after)
    return counting(velocity.NAME, source, Sink(run, lambda: write))


def _redis_flow(name: str, topics: Sequence[Topic], build: Build, pace: Pace = IMMEDIATE) -> Flow:
    return Flow(name, topics, lambda engines: Fence(engines.redis(), name), build, pace)


def every_flow() -> dict[str, Flow]:
    """The flows by name, in the order they start."""
    flows = (
        _redis_flow(overlays.NAME, overlays.TOPICS, _overlays, overlays.PACE),
        _redis_flow(audience.NAME, audience.TOPICS, _audience, audience.PACE),
        _redis_flow(leaderboards.NAME, leaderboards.TOPICS, _leaderboards, leaderboards.PACE),
        _redis_flow(engagement.NAME, engagement.TOPICS, _engagement),
        Flow(
            pulse.NAME,
            pulse.TOPICS,
            lambda engines: Fence(engines.redis(), pulse.NAME),
            _pulse,
            pulse.PACE,
            ActReadings,
        ),
        _redis_flow(games.NAME, games.TOPICS, _games),
        _redis_flow(habits.NAME, habits.TOPICS, _habits, habits.PACE),
        _redis_flow(progress.NAME, progress.TOPICS, _progress, progress.PACE),
        _redis_flow(mood.NAME, mood.TOPICS, _mood, mood.PACE),
        _redis_flow(velocity.NAME, velocity.TOPICS, _velocity, velocity.PACE),
        _redis_flow(highlights.NAME, highlights.TOPICS, _highlights, highlights.PACE),
        Flow(
            archive.NAME,
            archive.TOPICS,
            lambda engines: archive.ArchivePositions(engines.clickhouse()),
            _archive,
            archive.PACE,
        ),
    )
    return {flow.name: flow for flow in flows}

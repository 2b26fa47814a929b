"""What the dataflows made of the synthetic day, as Redis and ClickHouse tell it, and whether it is all counted."""

from collections.abc import Sequence
from typing import Any

from clickhouse_connect.driver.client import Client
from redis import Redis

from bench.pipeline import places_of
from bench.synthetic_day import SyntheticDay
from features.leaderboards import decompose
from livestreamx import keys
from livestreamx.engines.clickhouse import connect_plain as connect_clickhouse
from livestreamx.engines.redis import connect_plain as connect_redis
from livestreamx.settings import Settings
from livestreamx.topics import ECONOMY, INTERACTIONS, LIFECYCLE, SIGNALS

FLOWS = ("leaderboards", "engagement", "progress", "mood", "archive")

MINUTES = """
SELECT toString(about), intDiv(toUnixTimestamp(at), 60), act, sum(count) FROM act_cells FINAL
WHERE grain = 60 AND count > 0 AND act IN ('message', 'reaction', 'gift') GROUP BY 1, 2, 3
"""
WATCHED = "SELECT toString(stream_id), toString(viewer), watched_ms FROM visits FINAL"
MOODS = "SELECT toString(stream_id), toString(hop_end), mood, intensity, reactors FROM mood_states FINAL ORDER BY 1, 2"


class Results:
    """Reads results; of what else is there besides the day it takes no notice."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.redis: Redis = connect_redis(settings.redis_url)
        self.clickhouse: Client = connect_clickhouse(settings.clickhouse_url)

    def are_whole(self) -> bool:
        """Whether every flow has written all that is in the log."""
        ends = places_of(self._settings, (INTERACTIONS, ECONOMY, LIFECYCLE))
        rows = self.clickhouse.query("SELECT topic, partition, next_offset FROM archive_offsets FINAL").result_rows
        stands = {"archive": {f"{topic}:{partition}": offset for topic, partition, offset in rows}}
        for flow in FLOWS[:-1]:
            found = self.redis.hgetall(keys.flow_offsets(flow))
            stands[flow] = {name.decode(): int(at) for name, at in found.items()}
        reads = dict.fromkeys(FLOWS, ("interactions", "economy")) | {"mood": ("interactions",)}
        return (
            all(
                stands[flow].get(place) == end
                for flow in FLOWS
                for place, end in ends.items()
                if place.partition(":")[0] in reads[flow]
            )
            and self._moods_archived()
        )

    def _moods_archived(self) -> bool:
        """Whether the last moods told are in history: the mood flow's own output comes back through the archive."""
        ends = places_of(self._settings, (SIGNALS,))
        rows = self.clickhouse.query("SELECT topic, partition, next_offset FROM archive_offsets FINAL").result_rows
        stands = {f"{topic}:{partition}": offset for topic, partition, offset in rows}
        return all(stands.get(place) == end for place, end in ends.items())

    def outcome(self, day: SyntheticDay) -> dict[str, Any]:
        """Boards with their order, experience, minutes, sessions and moods, in the shape of `truth` and beyond."""
        boards, order = {}, {}
        streams, everybody = {*map(str, day.streams)}, {str(one).encode() for one in (*day.people, *day.creators)}
        for name in ("engagement", "gifts", "creators"):
            for stream in streams:
                rows = self.redis.zrevrange(keys.board(name, "stream", stream), 0, -1, withscores=True)
                boards |= {(name, stream, who.decode()): decompose(score)[0] for who, score in rows}
        for name in ("engagement", "gifts", "creators", "xp"):
            for scope, ref in (("weekly", "2026-w10"), ("global", "all")):
                rows = self.redis.zrevrange(keys.board(name, scope, ref), 0, -1, withscores=True)
                order[name, scope] = [row for row in rows if row[0] in everybody]
        people = {str(person): int(self.redis.hget(keys.experience(person), "xp") or 0) for person in day.people}
        return {
            "boards": boards,
            "experience": {person: xp for person, xp in people.items() if xp},
            "minutes": {(about, at, act): int(many) for about, at, act, many in self._rows(MINUTES, streams)},
            "watched_ms": {(stream, who): int(ms) for stream, who, ms in self._rows(WATCHED, streams)},
            "order": order,
            "metrics": {stream: self.redis.hgetall(keys.stream_metrics(stream)) for stream in day.streams},
            "moods": [tuple(row) for row in self._rows(MOODS, streams)],
        }

    def _rows(self, query: str, streams: set[str]) -> list[Sequence[Any]]:
        """The rows that begin with one of these streams, or with what was counted about it."""
        return [row for row in self.clickhouse.query(query).result_rows if row[0] in streams]

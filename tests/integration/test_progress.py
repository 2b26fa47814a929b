"""Experience, levels and badges: counted exactly whatever the order, told once whatever crashes."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from httpx import AsyncClient
from redis import Redis

from features.badges import badges, of_rank, steps
from features.experience import HIGHEST_LEVEL, VISIT_XP, experience_of, level_of, thresholds, watched_minutes
from features.leaderboards import decompose
from livestreamx import keys
from livestreamx.clock import frozen, uuid7
from livestreamx.engines.redis import connect_plain
from livestreamx.events import (
    AnyEvent,
    ChallengeContributed,
    ChatMessage,
    Event,
    FollowAdded,
    GiftRefunded,
    GiftSent,
    LevelReached,
    MinigameEnded,
    PollVoted,
    QuestionAnswered,
    StreamEnded,
    SubscriptionGifted,
    SubscriptionStarted,
    ViewerHeartbeat,
    decode,
)
from livestreamx.settings import Settings
from pipelines import progress
from pipelines.counting import chunk_writer
from pipelines.fences import Fence
from pipelines.progress_news import ProgressNews
from tests.flows.chunks import chunks_of
from tests.integration.people import Person

DAY = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def cache(settings: Settings) -> Iterator[Redis]:
    with connect_plain(settings.redis_url) as redis:
        yield redis


class World:
    """A stream and its creator, and people whose acts go through the flow."""

    def __init__(self, settings: Settings, cache: Redis) -> None:
        self.settings, self.cache = settings, cache
        self.stream, self.creator = uuid7(), uuid7()
        self.news = ProgressNews(cache, settings.postgres_url)
        self.flow = f"progress-{uuid7()}"

    def act(self, kind: type[Event], user: UUID | None, at: datetime, **fields: Any) -> Event:
        ids = {"stream_id": self.stream, "creator_id": self.creator, "user_id": user}
        return kind(occurred_at=at, **{**ids, **fields})

    def count(self, events: Sequence[Event], *, tell: bool = True) -> None:
        fence = Fence(self.cache, f"{self.flow}-{uuid7()}")
        write = chunk_writer(fence, progress.count, after=self.news.after if tell else None)
        with frozen(DAY + timedelta(days=40)):
            write(chunks_of(events, size=7))

    def forget(self, users: Sequence[UUID], streams: Sequence[UUID]) -> None:
        """Let these people begin anew, on the boards of these streams too."""
        for user in users:
            for key in (
                keys.experience(user),
                keys.experience_day(user, "*"),
                keys.visits(user),
                keys.subscribed(user),
            ):
                self.cache.delete(key, *self.cache.scan_iter(key))
        for stream in map(str, streams):
            self.cache.delete(keys.board("xp", "stream", stream), keys.board_totals("xp", "stream", stream))

    def experience(self, user: UUID) -> int:
        return int(self.cache.hget(keys.experience(user), "xp") or 0)  # type: ignore[arg-type]

    def frames(self, stream: UUID | None = None) -> list[tuple[str, dict[str, Any]]]:
        found = self.cache.xrange(keys.room_frames(stream or self.stream))
        return [(entry[b"e"].decode(), msgspec.json.decode(entry[b"d"])) for _, entry in found]  # type: ignore[union-attr]

    def recorded(self, user: UUID) -> list[AnyEvent]:
        with psycopg.connect(self.settings.postgres_url) as db:
            rows = db.execute("SELECT payload FROM outbox WHERE topic = 'signals' ORDER BY seq").fetchall()
        return [event for event in (decode(row[0]) for row in rows) if event.user_id == user]


@pytest.fixture
def world(settings: Settings, cache: Redis) -> World:
    return World(settings, cache)


def test_the_level_has_one_formula() -> None:
    assert [level_of(xp) for xp in thresholds()] == list(range(2, HIGHEST_LEVEL + 1))
    assert [level_of(xp - 1) for xp in thresholds()] == list(range(1, HIGHEST_LEVEL))
    assert all(level_of(experience_of(level)) == level for level in range(1, 2000))


def test_what_acts_are_worth(world: World) -> None:
    user = uuid7()
    world.count([world.act(PollVoted, user, DAY, poll_id=uuid7(), choice_id=1)])
    assert world.experience(user) == 5 + VISIT_XP
    asked = {"question_id": uuid7(), "handle": "h", "text": "?", "votes": 1, "answered_by": world.creator}
    asked["asked_at"] = DAY
    world.count([world.act(QuestionAnswered, user, DAY, **asked)])
    assert world.experience(user) == 5 + VISIT_XP + 15
    world.count([world.act(ChallengeContributed, user, DAY, challenge_id=uuid7(), amount=3)])
    assert world.experience(user) == 5 + VISIT_XP + 15 + 10


def beats(world: World, user: UUID, seconds: Sequence[float], stream: UUID | None = None) -> list[Event]:
    at = [DAY + timedelta(seconds=second) for second in seconds]
    return [world.act(ViewerHeartbeat, user, one, stream_id=stream or world.stream) for one in at]


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [
        ((59, 70), 0),  # over the turn of a minute, but eleven seconds
        ((7, 22, 37, 52, 66.9), 0),
        ((7, 22, 37, 52, 67), 1),
        ((0, 15, 30, 45, 91, 106, 121), 0),  # forty-five seconds, silence, and thirty
        (range(0, 601, 15), 10),
    ],
)
def test_a_minute_counts_once_it_was_watched_whole(world: World, seconds: Sequence[float], minutes: int) -> None:
    user = uuid7()
    world.count(beats(world, user, seconds))
    assert world.experience(user) == VISIT_XP + minutes


def test_minutes_of_many_streams_do_not_depend_on_the_order(world: World) -> None:
    for seed in range(3):
        rng, user, streams = random.Random(seed), uuid7(), [uuid7() for _ in range(4)]
        acts, signs = [], {}
        for stream in streams:
            since = rng.uniform(0, 900)
            seconds = [since + 15 * beat for beat in range(60) if rng.random() < 0.6]
            acts += beats(world, user, seconds, stream)
            signs[stream] = [int(act.occurred_at.timestamp() * 1000) for act in acts if act.stream_id == stream]
        rng.shuffle(acts)
        world.count(acts)
        world.count(acts[:20])
        assert world.experience(user) == VISIT_XP + watched_minutes(signs) > VISIT_XP
    alone = uuid7()
    world.count([act for stream in streams[:3] for act in beats(world, alone, range(0, 601, 15), stream)])
    assert world.experience(alone) == VISIT_XP + 20


def test_a_streams_board_counts_what_was_earned_there(world: World) -> None:
    def board(stream: UUID) -> dict[str, int]:
        found = world.cache.zrange(keys.board("xp", "stream", str(stream)), 0, -1, withscores=True)
        return {who.decode(): decompose(score)[0] for who, score in found}  # type: ignore[union-attr]

    faithful, roaming, other = uuid7(), uuid7(), uuid7()
    vote = {"poll_id": uuid7(), "choice_id": 1}
    gift = {"gift_event_id": uuid7(), "code": "ROSE", "qty": 1, "tokens": 100, "paid": 100, "bonus": 0}
    late = DAY + timedelta(days=1)
    acts = [
        world.act(PollVoted, faithful, DAY, **vote),
        *beats(world, faithful, range(0, 121, 15)),
        world.act(GiftSent, roaming, DAY, handle="h", **gift),
        world.act(PollVoted, roaming, late, stream_id=other, **vote),
        world.act(PollVoted, faithful, late, **vote),
        world.act(PollVoted, world.creator, DAY, **vote),
    ]
    for seed in range(3):
        random.Random(seed).shuffle(acts)
        world.count(acts)
        assert board(world.stream) == {str(faithful): 2 * 5 + 2 + VISIT_XP * (1 + 2), str(roaming): 10}
        assert board(other) == {str(roaming): 5 + VISIT_XP}
        assert board(world.stream)[str(faithful)] == world.experience(faithful)
        assert world.experience(roaming) == 15 + VISIT_XP
        world.forget([faithful, roaming], [world.stream, other])
    taken = {name: gift[name] for name in ("gift_event_id", "code", "qty", "tokens", "paid", "bonus")}
    world.count([*acts, world.act(GiftRefunded, roaming, late, sent_at=DAY, reason="test", **taken)])
    assert board(world.stream) == {str(faithful): 2 * 5 + 2 + VISIT_XP * (1 + 2)}


def test_subscribers_get_more_whatever_the_order_and_however_often_the_log_is_read(world: World) -> None:
    user, friend, ended = uuid7(), uuid7(), uuid7()
    paid = {"subscription_id": uuid7(), "tier": 1, "amount_minor": 499, "currency": "usd", "state": "active"}
    gift = paid | {"gift_id": uuid7(), "handle": "h", "recipient_id": friend, "recipient": "f", "given": 1, "qty": 1}
    period = {"since": DAY + timedelta(hours=3), "until": DAY + timedelta(days=30)}
    before = {"since": DAY - timedelta(days=30), "until": DAY - timedelta(hours=12)}  # up to midnight
    vote = {"poll_id": uuid7(), "choice_id": 1}
    acts = [
        world.act(PollVoted, who, DAY + timedelta(days=day), **vote)
        for who in (user, friend, ended)
        for day in (0, 1, 30)
        for _ in range(2)
    ]
    acts += [
        world.act(SubscriptionStarted, user, DAY, handle="h", **paid, **period),
        world.act(SubscriptionStarted, ended, DAY - timedelta(days=30), handle="h", **paid, **before),
        world.act(SubscriptionGifted, uuid7(), DAY, **gift, **period),
    ]
    subscribed = (10 + 10) * 6 // 5 + (10 + 20) * 6 // 5 + (10 + 10) * 6 // 5  # the thirtieth day has begun
    plain = 20 + 30 + 20
    for seed in range(4):
        random.Random(seed).shuffle(acts)
        for some in (acts[:9], acts[9:]):
            world.count(some)
        assert (world.experience(user), world.experience(friend), world.experience(ended)) == (
            subscribed,
            subscribed,
            plain,
        )
        world.forget([user, friend, ended], [world.stream])


def test_a_visit_is_worth_more_the_longer_the_streak_whatever_the_order(world: World) -> None:
    days = [0, 1, 2, 3, 4, 5, 6, 8]
    worth = VISIT_XP * (1 + 2 + 3 + 4 + 5 + 5 + 5 + 1)
    for seed in range(4):
        user = uuid7()
        acts = [world.act(ViewerHeartbeat, user, DAY + timedelta(days=day)) for day in days]
        random.Random(seed).shuffle(acts)
        for act in acts:
            world.count([act])
        assert world.experience(user) == worth
        assert ("badge:earned", f"{user}", "streak_7") in [
            (name, data["userId"], data["badge"]) for name, data in world.frames() if name == "badge:earned"
        ]


def test_levels_survive_a_crash_and_are_told_once(world: World) -> None:
    user = uuid7()
    gift = {"code": "CROWN", "qty": 1, "tokens": 2000, "paid": 2000, "bonus": 0, "handle": "h"}
    given = world.act(GiftSent, user, DAY, gift_event_id=uuid7(), **gift)
    world.count([given], tell=False)  # and then the process dies
    assert not world.frames()
    world.news.after((), [])
    world.news.after((), [])
    told = [(name, data.get("level") or data.get("badge")) for name, data in world.frames()]
    assert told == [("badge:earned", "first_gift"), ("level:up", 2)]
    assert world.experience(user) == 200
    assert world.cache.hget(keys.experience(user), "level") == b"2"


async def test_accounts_show_levels_and_badges_and_each_is_one_event(
    api: AsyncClient, world: World, settings: Settings
) -> None:
    person = await Person.register(api)
    gift = {"code": "CROWN", "qty": 1, "tokens": 6000, "paid": 6000, "bonus": 0, "handle": "h"}
    days = [DAY + timedelta(days=number) for number in range(3)]
    acts = [world.act(GiftSent, person.id, day, gift_event_id=uuid7(), **gift) for day in days]
    world.count(acts)
    world.cache.rpush(
        keys.progress_news(), f"level {person.id} 2 {world.stream} 100", f"badge {person.id} first_gift -"
    )
    world.news.after((), [])
    shown = (await api.get(f"/api/users/{person.handle}")).json()
    assert (shown["level"], shown["badges"]) == (4, ["first_gift"])
    events = world.recorded(person.id)
    assert [event.level for event in events if isinstance(event, LevelReached)] == [2, 3, 4]
    assert sum(not isinstance(event, LevelReached) for event in events) == 1


def test_badges_of_viewers_and_creators_are_counted_by_their_rules(world: World) -> None:
    user = uuid7()
    said = {"handle": "h", "text": "hi", "length": 2}
    world.count([world.act(ChatMessage, user, DAY, message_id=uuid7(), **said) for _ in range(100)])
    world.count([world.act(PollVoted, user, DAY, poll_id=uuid7(), choice_id=1) for _ in range(25)])
    world.count([world.act(ChallengeContributed, user, DAY, challenge_id=uuid7(), amount=1) for _ in range(5)])
    world.count([world.act(ViewerHeartbeat, user, DAY, stream_id=uuid7()) for _ in range(10)])
    told = {"title": "t", "creator": "c", "started_at": DAY, "ended_at": DAY + timedelta(hours=8)}
    crowd = [world.act(ViewerHeartbeat, None, DAY, anon_id=f"cookie-{number}") for number in range(100)]
    follows = [world.act(FollowAdded, uuid7(), DAY, stream_id=None) for _ in range(1000)]
    before = len(world.frames())
    world.count([*crowd, world.act(StreamEnded, world.creator, DAY, **told), *follows])
    earned = {keys_of(world, user), keys_of(world, world.creator)}
    assert before
    assert earned == {
        frozenset({"chatterbox_100", "poll_pro_25", "challenge_hero_5"}),
        frozenset({"crowd_100", "first_stream", "marathon_8h"}),
    }


def keys_of(world: World, user: UUID) -> frozenset[str]:
    """The badges that the room was told of somebody."""
    return frozenset(
        data["badge"] for name, data in world.frames() if name == "badge:earned" and data["userId"] == str(user)
    )


def test_the_rules_are_sound() -> None:
    assert {"season_top1", "season_top10", "season_top100"} == set(of_rank(1))
    assert [*of_rank(100)] == ["season_top100"]
    assert not [*of_rank(101)]
    assert [number for number, _ in steps("messages")] == [100, 1000]
    assert {badge.code for badge in badges().values() if badge.creators} >= {"first_stream", "community_1k"}


def test_a_games_prize_counts_as_spending(world: World) -> None:
    user = uuid7()
    ended = {"game_id": uuid7(), "game": "wheel", "state": "resolved", "seed_hash": "", "seed": "", "xp": 400}
    world.count([world.act(MinigameEnded, user, DAY, **ended)])
    assert world.experience(user) == 250

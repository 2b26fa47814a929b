"""The audience flow on a real Redis: any order, any cut, any repetition of the log ends with the same exact numbers."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from redis import Redis

from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines.redis import connect_plain
from livestreamx.events import (
    CHALLENGE_KINDS,
    ChallengeCompleted,
    ChallengeCreated,
    ChallengeKind,
    ChallengeProgress,
    ChatMessage,
    Event,
    FollowAdded,
    GiftRefunded,
    GiftSent,
    PollCreated,
    PollEnded,
    PollVoted,
    QuestionAnswered,
    QuestionAsked,
    QuestionUpvoted,
    ReactionSent,
)
from livestreamx.settings import Settings
from pipelines import audience
from pipelines.counting import chunk_writer
from pipelines.fences import Fence
from tests.builders import eventually
from tests.flows.chunks import chunks_of
from tests.integration.flows import Dataflows, Log

KILLS = 3


@pytest.fixture(scope="module")
def cache(settings: Settings) -> Iterator[Redis]:
    with connect_plain(settings.redis_url) as client:
        yield client


class Flow:
    """The flow under a name of its own, so that what others wrote is not in its way."""

    def __init__(self, cache: Redis) -> None:
        self._cache, self._fence = cache, Fence(cache, f"audience-{uuid7().hex}")
        self._at, self._ends = 0.0, Counter[str]()
        self._frames = audience.AudienceFrames(cache, 45, clock=lambda: self._at)

    def take(self, events: Sequence[Event], topic: str, size: int = 7) -> None:
        """Count these as the next records of a topic, then let a second pass."""
        write = chunk_writer(self._fence, audience.count, before=self._frames.before, after=self._frames.after)
        write(chunks_of(events, size=size, topic=topic, start=self._ends[topic]))
        self._ends[topic] += len(events)
        self.pass_second()

    def pass_second(self) -> None:
        self._at += audience.FRAME_SECONDS
        self._cache.delete(keys.audience_teller())
        self._frames.after((), [])


class Show:
    """A stream, its people, and what the room was told."""

    def __init__(self, cache: Redis, seed: int = 1) -> None:
        self._cache, self.dice = cache, random.Random(seed)
        self.stream, self.creator = uuid7(), uuid7()
        self.people = [uuid7() for _ in range(12)]
        self.starts = datetime.fromtimestamp(int(now().timestamp()) - 30, UTC)

    def by(self, at: datetime | None = None) -> dict[str, Any]:
        """The envelope of an act of somebody."""
        who = {"stream_id": self.stream, "creator_id": self.creator, "user_id": self.dice.choice(self.people)}
        return who | ({"occurred_at": at} if at else {})

    def told(self, name: str) -> list[dict[str, Any]]:
        entries = self._cache.xrange(keys.room_frames(self.stream))
        return [msgspec.json.decode(data[b"d"]) for _, data in entries if data[b"e"].decode() == name]  # type: ignore[union-attr]

    def state(self, name: str) -> Any:
        text = self._cache.hget(keys.room_state(self.stream), name)
        return msgspec.json.decode(text) if text else None  # type: ignore[arg-type]

    def challenge(self, kind: ChallengeKind, target: int = 50) -> dict[str, Any]:
        return {
            "challenge_id": uuid7(), "handle": "nova", "kind": kind, "target": target, "reward": "a song",
            "starts_at": self.starts, "ends_at": self.starts + timedelta(seconds=20),
            "stream_id": self.stream, "creator_id": self.creator, "user_id": self.creator,
        }  # fmt: skip


def poll_of(show: Show) -> dict[str, Any]:
    return {"poll_id": uuid7(), "stream_id": show.stream, "creator_id": show.creator, "user_id": show.creator}


def test_votes_are_counted_and_told_once_a_second(cache: Redis) -> None:
    show, flow = Show(cache), Flow(cache)
    poll = poll_of(show)
    created = PollCreated(handle="nova", question="Next?", choices=("a", "b"), ends_at=now(), **poll)
    votes = [PollVoted(**poll | {"user_id": uuid7()}, choice_id=1 + number % 2) for number in range(41)]
    flow.take([created, *votes], "lifecycle")
    assert [choice["votes"] for choice in show.state("poll")["choices"]] == [21, 20]
    updates = show.told("poll:update")
    assert [update["voters"] for update in updates] in ([0, 41], [0, 6, 41])
    flow.take(votes, "lifecycle")
    assert show.state("poll")["voters"] == 41, "what comes twice counts once"
    ended = PollEnded(
        state="completed", question="Next?", choices=("a", "b"), votes=(21, 20), voters=41, winner=1, **poll
    )
    flow.take([ended], "lifecycle")
    assert show.state("poll") is None
    assert [end["winner"] for end in show.told("poll:end")] == [1]
    before = len(show.told("poll:update"))
    flow.pass_second()
    assert len(show.told("poll:update")) == before


def test_what_was_not_told_before_a_crash_is_told_after_it(cache: Redis) -> None:
    show, flow = Show(cache), Flow(cache)
    poll = poll_of(show)
    created = PollCreated(handle="nova", question="Next?", choices=("a", "b"), ends_at=now(), **poll)
    (chunk,) = chunks_of([created, PollVoted(**poll, choice_id=2)], topic="lifecycle")
    chunk_writer(Fence(cache, f"audience-{uuid7().hex}"), audience.count)([chunk])
    flow.pass_second()
    assert [update["voters"] for update in show.told("poll:update")] == [1]
    assert show.state("poll")["choices"][1]["votes"] == 1


def test_newcomers_are_not_told_of_a_poll_whose_end_goes_out_at_this_moment(cache: Redis) -> None:
    show = Show(cache)
    poll = poll_of(show)
    created = PollCreated(handle="nova", question="Next?", choices=("a", "b"), ends_at=now(), **poll)
    ended = PollEnded(
        state="completed", question="Next?", choices=("a", "b"), votes=(0, 0), voters=0, winner=None, **poll
    )
    (first, second) = chunks_of([created, ended], topic="lifecycle", size=1)
    chunk_writer(Fence(cache, f"audience-{uuid7().hex}"), audience.count)([first])
    assert show.state("poll")["question"] == "Next?"
    frames = audience.AudienceFrames(cache, 45)
    frames.before(second.records, audience.count(second.records))
    assert show.told("poll:end")
    assert show.state("poll") is None, "although the fence has not moved yet"


def test_questions_are_ranked_and_leave_the_list_when_answered(cache: Redis) -> None:
    show, flow = Show(cache), Flow(cache)
    asked = [QuestionAsked(question_id=uuid7(), handle="vio", text=f"{number}?", **show.by()) for number in range(25)]
    upvoted = [
        QuestionUpvoted(question_id=asked[number].question_id, **show.by()) for number in (3, 3, 3, 7, 7, 24)
    ]  # fmt: skip
    flow.take([*asked, *upvoted], "lifecycle")
    listed = show.state("questions")
    assert [(one["text"], one["votes"]) for one in listed[:4]] == [("3?", 3), ("7?", 2), ("24?", 1), ("0?", 0)]
    assert len(listed) == audience.MOST_QUESTIONS
    assert {one["text"] for one in show.told("qa:update")} == {f"{number}?" for number in range(25)}
    answered = QuestionAnswered(
        question_id=asked[3].question_id, handle="vio", text="3?", votes=3, asked_at=now(), answered_by=show.creator,
        **show.by(),
    )  # fmt: skip
    flow.take([answered], "lifecycle")
    assert show.state("questions")[0]["text"] == "7?"
    assert show.told("qa:update")[-1] | {"askedAt": ""} == {
        "questionId": str(asked[3].question_id), "handle": "vio", "text": "3?", "votes": 3, "askedAt": "",
        "state": "answered",
    }  # fmt: skip


def act_of(show: Show, kind: ChallengeKind, at: datetime) -> tuple[str, Event]:
    """An act that counts in a challenge of this kind, and the topic it comes on."""
    by = show.by(at)
    match kind:
        case "chat_messages":
            return "interactions", ChatMessage(message_id=uuid7(), handle="x", text="hi", length=2, **by)
        case "reactions":
            return "interactions", ReactionSent(mood="joy", **by)
        case "gift_tokens":
            amount = show.dice.randrange(1, 9)
            gift = {"gift_event_id": uuid7(), "code": "HEART", "qty": 1, "tokens": amount, "paid": amount, "bonus": 0}
            if show.dice.random() < 0.2:
                return "economy", GiftRefunded(sent_at=at, reason="x", **gift, **by | {"occurred_at": now()})
            return "economy", GiftSent(handle="x", **gift, **by)
        case _:
            return "lifecycle", FollowAdded(**by)


@pytest.mark.parametrize("kind", [kind for kind in CHALLENGE_KINDS if kind != "concurrents"])
@pytest.mark.parametrize("seed", range(3))
def test_a_challenge_takes_the_acts_of_its_time_in_whatever_order_they_come(
    cache: Redis, kind: ChallengeKind, seed: int
) -> None:
    show, flow = Show(cache, seed), Flow(cache)
    about = show.challenge(kind)
    acts = [act_of(show, kind, show.starts + timedelta(seconds=show.dice.uniform(-5, 25))) for _ in range(120)]
    acts += [act_of(show, other, show.starts + timedelta(seconds=3)) for other in CHALLENGE_KINDS if other != kind]
    acts += [(topic, msgspec.structs.replace(act, event_id=uuid7(), user_id=show.creator)) for topic, act in acts[:5]]
    of_kind = "gift_tokens" if kind == "gift_tokens" else kind
    wanted: Counter[str] = Counter()
    for _, act in acts[:120]:
        inside = about["starts_at"] <= act.counts_at < about["ends_at"]
        if inside and of_kind == "gift_tokens":
            wanted[str(act.user_id)] += act.tokens if isinstance(act, GiftSent) else -act.tokens  # type: ignore[attr-defined]
        elif inside:
            wanted[str(act.user_id)] = 1 if kind == "followers" else wanted[str(act.user_id)] + 1
    created = ChallengeCreated(**about)
    parts = [(topic, [act for of, act in acts if of == topic]) for topic in ("interactions", "economy", "lifecycle")]
    parts += [("lifecycle", [created])]
    show.dice.shuffle(parts)
    for topic, events in [*parts, parts[0]]:
        flow.take(events, topic, size=show.dice.choice([1, 7, 200]))
    found = cache.hgetall(keys.challenge_people(about["challenge_id"]))
    assert {user.decode(): int(amount) for user, amount in found.items()} == dict(wanted)  # type: ignore[union-attr]
    assert int(cache.hget(keys.challenge(show.creator), "progress") or 0) == sum(wanted.values())  # type: ignore[arg-type]
    assert show.state("challenge")["progress"] == max(0, sum(wanted.values()))


def test_points_of_command_gifts_count_in_their_challenge_only(cache: Redis) -> None:
    show, flow = Show(cache), Flow(cache)
    about = show.challenge("followers")
    helped = ChallengeProgress(challenge_id=about["challenge_id"], points=10, **show.by())
    elsewhere = ChallengeProgress(challenge_id=uuid7(), points=99, **show.by())
    flow.take([ChallengeCreated(**about), helped, elsewhere], "lifecycle")
    assert show.state("challenge")["progress"] == 10
    flow.take([ChallengeCompleted(progress=10, contributors=1, **about)], "lifecycle")
    assert show.state("challenge") is None
    assert [(one["state"], one["progress"]) for one in show.told("challenge:update")][-1] == ("completed", 10)


def test_concurrents_are_the_most_that_watched_in_its_time(cache: Redis) -> None:
    show, flow = Show(cache), Flow(cache)
    show.starts = datetime.fromtimestamp(int(now().timestamp()) - 1, UTC)
    flow.take([ChallengeCreated(**show.challenge("concurrents"))], "lifecycle")
    for viewers in (2, 5, 3):
        cache.delete(keys.room_viewers(show.stream))
        cache.zadd(keys.room_viewers(show.stream), {f"anon:{n}": int(now().timestamp() * 1000) for n in range(viewers)})
        flow.pass_second()
    assert [one["progress"] for one in show.told("challenge:update")] == [0, 2, 5]


async def test_killed_at_any_moment_votes_and_acts_are_counted_once(settings: Settings, cache: Redis) -> None:
    show, log = Show(cache), Log(settings)
    show.starts = datetime.fromtimestamp(int(now().timestamp()), UTC)
    poll, about = poll_of(show), show.challenge("reactions", target=10_000)
    about["ends_at"] = show.starts + timedelta(seconds=600)
    log.write([
        PollCreated(handle="nova", question="Next?", choices=("a", "b"), ends_at=now() + timedelta(minutes=5), **poll),
        ChallengeCreated(**about),
    ])  # fmt: skip
    for kill in range(KILLS + 1):
        running = Dataflows(settings, audience.NAME)
        some: list[Event] = [PollVoted(**poll | {"user_id": uuid7()}, choice_id=1 + kill % 2) for _ in range(150)]
        some += [ReactionSent(mood="joy", **show.by()) for _ in range(150)]
        show.dice.shuffle(some)
        log.write(some)
        if kill < KILLS:
            running.kill()

    async def counted() -> tuple[int, int]:
        state, challenge = show.state("poll"), show.state("challenge")
        return (state or {}).get("voters", 0), (challenge or {}).get("progress", 0)

    total = 150 * (KILLS + 1)
    try:
        await eventually(counted, lambda found: found == (total, total))
    finally:
        running.stop()
    assert [choice["votes"] for choice in show.state("poll")["choices"]] == [total / 2, total / 2]
    given = cache.hvals(keys.challenge_people(about["challenge_id"]))
    assert sum(int(amount) for amount in given) == total  # type: ignore[union-attr]

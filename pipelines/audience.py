"""What the audience does together, counted and shown: votes of polls, questions by their votes, challenges, raids.

Transitions are shown as they come, each event once; counts once a second, of whatever has changed meanwhile.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec
from redis import Redis

from livestreamx import keys, topics
from livestreamx.clock import now, now_ms
from livestreamx.engines.bus import PlainRoomBus
from livestreamx.events import (
    ChallengeEvent,
    Event,
    PollCreated,
    PollEnded,
    PollVoted,
    QuestionAsked,
    QuestionClosed,
    QuestionEvent,
    QuestionUpvoted,
)
from livestreamx.frames import ChallengeState, PollState, QuestionState
from pipelines import challenges
from pipelines.audience_frames import Frame, frames_of, poll_state, question_state
from pipelines.effects import Effects
from pipelines.feed import Pace
from pipelines.overlays import FORGOTTEN
from pipelines.records import Record

NAME = "audience"
TOPICS = (topics.INTERACTIONS, topics.ECONOMY, topics.LIFECYCLE)
PACE = Pace(ticks=True)
POLL_SECONDS = 2 * 86_400
QUESTIONS_SECONDS = 7 * 86_400
MOST_QUESTIONS = 20
"""How many open questions a newcomer is told."""
FRAME_SECONDS = 1.0
LEASE_MS = 900
"""Shorter than a frame's second, so that a process alone always has it."""

# KEYS: the changes. ARGV: each change that was told and the number it stood at; one that moved on stays due.
FORGET = """
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
"""
# KEYS: what it is about, the room's state. ARGV: the id of the first, a field of the second and its new text.
REMEMBER = """
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) end
"""


def count(records: Sequence[Record]) -> Effects:
    """What these events change in the counts, and in what newcomers are told."""
    effects = Effects()
    challenges.count_acts(effects, (record.event for record in records))
    for record in records:
        match record.event:
            case PollCreated() | PollVoted() | PollEnded() as event:
                follow_poll(effects, event)
            case QuestionEvent() as event:
                follow_question(effects, event)
            case ChallengeEvent() as event:
                challenges.follow(effects, event)
    return effects


def follow_poll(effects: Effects, event: PollCreated | PollVoted | PollEnded) -> None:
    """Count a vote, or take note of the poll's beginning and end."""
    if event.stream_id is None:
        return
    key, change = keys.poll(event.poll_id), f"poll:{event.poll_id}"
    match event:
        case PollCreated():
            about = msgspec.json.encode(poll_state(event)).decode()
            effects.put(key, "about", about)
            effects.put(key, "id", str(event.poll_id))
            effects.put(key, "stream", str(event.stream_id))
            effects.expire(key, POLL_SECONDS)
            effects.show(event.stream_id, "poll", about)
        case PollVoted():
            effects.add(key, str(event.choice_id), 1)
            effects.add(keys.audience_changes(), change, 1)
        case PollEnded():
            effects.call("DEL", key)
            effects.call("HDEL", keys.audience_changes(), change)
            effects.show(event.stream_id, "poll", "")


def follow_question(effects: Effects, event: QuestionEvent) -> None:
    """Keep the list of open questions; of equal votes the older comes first."""
    if event.stream_id is None:
        return
    about, votes = keys.questions(event.stream_id), keys.question_votes(event.stream_id)
    name, changes = str(event.question_id), keys.audience_changes()
    match event:
        case QuestionAsked():
            effects.call("HSET", about, name, msgspec.json.encode(question_state(event)).decode())
            effects.call("ZINCRBY", votes, 0, name)
        case QuestionUpvoted():
            effects.call("ZINCRBY", votes, -1, name)
            effects.add(changes, f"question:{event.stream_id}:{name}", 1)
        case QuestionClosed():
            effects.call("HDEL", about, name)
            effects.call("ZREM", votes, name)
            effects.call("HDEL", changes, f"question:{event.stream_id}:{name}")
    effects.add(changes, f"questions:{event.stream_id}", 1)
    effects.expire(about, QUESTIONS_SECONDS)
    effects.expire(votes, QUESTIONS_SECONDS)


class AudienceFrames:
    """Tells rooms what became of their polls, questions, challenges and raids."""

    def __init__(self, redis: Redis, present_seconds: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis, self._bus, self._clock = redis, PlainRoomBus(redis), clock
        self._present_ms = present_seconds * 1000
        self._forget, self._remember = redis.register_script(FORGET), redis.register_script(REMEMBER)
        self._due = 0.0
        self._tell: dict[str, Callable[[str], list[Frame]]] = {
            "poll": self._tell_poll,
            "challenge": self._tell_challenge,
            "question": self._tell_question,
            "questions": self._remember_questions,
        }

    def before(self, records: Sequence[Record], effects: Effects) -> None:
        """Show what happened, each event once; what is long past is no news."""
        effects.tell_newcomers(self._redis)
        oldest = now() - FORGOTTEN
        events: list[Event] = [record.event for record in records if record.event.occurred_at >= oldest]
        if frames := [frame for event in events for frame in frames_of(event)]:
            self._bus.publish_all(frames)

    def after(self, _records: Sequence[Record], _results: list[Any]) -> None:
        """Show the counts that changed, once a second by one process; a crash before that leaves them due."""
        clock = self._clock()
        if clock < self._due or not self._redis.set(keys.audience_teller(), 1, nx=True, px=LEASE_MS):
            return
        self._due = clock + FRAME_SECONDS
        self._watch_viewers()
        changes = self._read(keys.audience_changes())
        if not changes:
            return
        frames: list[Frame] = []
        for change in changes:
            kind, _, ref = change.partition(":")
            frames += self._tell[kind](ref)
        if frames:
            self._bus.publish_all(frames)
        self._forget(keys=[keys.audience_changes()], args=[part for pair in changes.items() for part in pair])

    def _watch_viewers(self) -> None:
        """The most viewers so far of those challenges that count them."""
        for creator in cast(set[bytes], self._redis.smembers(keys.challenges_by_viewers())):
            key = keys.challenge(creator.decode())
            about = self._read(key)
            if not about or not int(about["from"]) * 1000 <= now_ms() < int(about["until"]) * 1000:
                continue
            since = now_ms() - self._present_ms
            viewers = self._redis.zcount(keys.room_viewers(about["stream"]), since, "+inf")
            if viewers > int(about.get("progress", 0)):
                self._redis.hset(key, "progress", viewers)
                self._redis.hincrby(keys.audience_changes(), f"challenge:{creator.decode()}", 1)

    def _read(self, key: str) -> dict[str, str]:
        fields = cast(dict[bytes, bytes], self._redis.hgetall(key))
        return {name.decode(): value.decode() for name, value in fields.items()}

    def _remember_while(self, source: str, known: dict[str, str], name: str, state: Any) -> None:
        """What newcomers are told from now on, unless what it is about has ended meanwhile."""
        names = [source, keys.room_state(known["stream"])]
        self._remember(keys=names, args=[known["id"], name, msgspec.json.encode(state)])

    def _tell_poll(self, poll: str) -> list[Frame]:
        key = keys.poll(poll)
        votes = self._read(key)
        if "about" not in votes:
            return []
        state = msgspec.json.decode(votes["about"], type=PollState)
        choices = tuple(
            msgspec.structs.replace(choice, votes=int(votes.get(str(choice.id), 0))) for choice in state.choices
        )
        state = msgspec.structs.replace(state, choices=choices, voters=sum(choice.votes for choice in choices))
        self._remember_while(key, votes, "poll", state)
        return [(votes["stream"], "poll:update", state, None)]

    def _tell_challenge(self, creator: str) -> list[Frame]:
        key = keys.challenge(creator)
        known = self._read(key)
        if "about" not in known:
            return []
        state = msgspec.json.decode(known["about"], type=ChallengeState)
        state = msgspec.structs.replace(state, progress=max(0, int(known.get("progress", 0))))
        self._remember_while(key, known, "challenge", state)
        return [(known["stream"], "challenge:update", state, None)]

    def _tell_question(self, ref: str) -> list[Frame]:
        stream, _, question = ref.partition(":")
        found = self._questions(stream, [question])
        return [(stream, "qa:update", state, None) for state in found]

    def _remember_questions(self, stream: str) -> list[Frame]:
        best = cast(list[bytes], self._redis.zrange(keys.question_votes(stream), 0, MOST_QUESTIONS - 1))
        questions = self._questions(stream, [name.decode() for name in best])
        self._redis.hset(keys.room_state(stream), "questions", msgspec.json.encode(questions))
        return []

    def _questions(self, stream: str, names: Sequence[str]) -> list[QuestionState]:
        """These questions, those that are open still."""
        if not names:
            return []
        about = cast(list[bytes | None], self._redis.hmget(keys.questions(stream), list(names)))
        votes = self._redis.zmscore(keys.question_votes(stream), list(names))
        return [
            msgspec.structs.replace(msgspec.json.decode(text, type=QuestionState), votes=-int(score or 0))
            for text, score in zip(about, votes, strict=True)
            if text is not None
        ]
